import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startSimulator } from "../../src/testing/simulator.ts";
import { cli, TOML } from "../harness/terminal.ts";

describe("run", () => {
  it("streams the answer to stdout and nothing else", async () => {
    const { golden } = await cli(["run", "Say", "hello"], { toml: TOML });
    await expect(golden).toMatchFileSnapshot("golden/run.txt");
  });

  it("prints the complete reply with --json", async () => {
    const { golden } = await cli(["run", "--json", "Say hello"], { toml: TOML });
    await expect(golden).toMatchFileSnapshot("golden/run-json.txt");
  });

  it("prints usage and cost to stderr on a terminal", async () => {
    const { out, err } = await cli(["run", "Say hello"], { toml: TOML, terminal: true, env: { NO_COLOR: "1" } });
    expect(err).toMatch(/fast · \d+ in, \d+ out · simulated, would cost \$0\.0\d+ · [\d.]+ m?s\n$/);
    expect(out).toMatch(/^\[simulated made-up-1\] .*\n$/);
  });

  it("reports dropped settings, except with --quiet", async () => {
    const { err } = await cli(["run", "-t", "0.7", "hi"], { toml: TOML });
    expect(err).toBe("note: temperature: 0.7 left out: made-up-1 does not support temperature\n");
    const quiet = await cli(["run", "-q", "-t", "0.7", "hi"], { toml: TOML });
    expect(quiet.err).toBe("");
  });

  it("reports once that a fallback answered and why, except with --quiet", async () => {
    const toml = `${TOML}fallback_models = ["fast"]\nnum_retries = 0\n`;
    const env = { FAR_KEY: "k-1" };
    for (const more of [[], ["--no-stream"]]) {
      const { err, code } = await cli(["run", "-m", "far", ...more, "hi"], { toml, env });
      expect(err).toBe('note: "fast" answered instead of "far" (far: connection_failed)\n');
      expect(code).toBe(0);
    }
    expect((await cli(["run", "-q", "-m", "far", "hi"], { toml, env })).err).toBe("");
  });

  it("does not report a group member as a fallback", async () => {
    const toml = `${TOML}\n[groups.both]\nmembers = ["careful", "fast"]\n[aliases]\nquick = "fast"\n`;
    for (const name of ["both", "quick"]) expect((await cli(["run", "-m", name, "hi"], { toml })).err).toBe("");
  });

  it("refuses an entry that computes embeddings, and says what to use", async () => {
    const toml = `${TOML}\n[models.embedder]\nname = "text-embedding-3-small"\nprovider = "simulator"\n`;
    for (const more of [[], ["--no-stream"], ["--json"]]) {
      const { err, out, code } = await cli(["run", "-m", "embedder", ...more, "hi"], { toml });
      expect(err).toContain(
        "text-embedding-3-small computes embeddings and generates no answers; use model.embed(texts)",
      );
      expect(err).toContain(
        "Choose an entry that generates answers: npx modelwright models marks those with embeddings.",
      );
      expect({ out, code }).toEqual({ out: "", code: 1 });
    }
  });

  it("gives the same answer without streaming", async () => {
    const streamed = await cli(["run", "Say hello"], { toml: TOML });
    const whole = await cli(["run", "--no-stream", "Say hello"], { toml: TOML });
    expect(whole.out).toBe(streamed.out);
  });

  it("sends flags, arguments, piped input and attachments", async () => {
    await using server = await running();
    const argv = [
      "run",
      "-m",
      "far",
      "-s",
      "Be brief",
      "-t",
      "0",
      "--max-tokens",
      "50",
      "-f",
      "notes.md",
      "-f",
      "dot.png",
      "Sum",
      "up",
    ];
    const files = { "notes.md": "# Notes\n", "dot.png": Uint8Array.of(1, 2, 3) };
    const { code } = await cli(argv, { toml: server.toml, files, stdin: "piped text\n", env: { FAR_KEY: "k-1" } });
    expect(code).toBe(0);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.body).toMatchObject({
      model: "made-up-3",
      temperature: 0,
      stream: true,
      messages: [
        { role: "system", content: "Be brief" },
        {
          role: "user",
          content: [
            { type: "text", text: "notes.md:\n\n# Notes\n" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AQID" } },
            { type: "text", text: "Sum up\n\npiped text" },
          ],
        },
      ],
    });
  });

  it("rejects missing and binary attachments before sending", async () => {
    const missing = await cli(["run", "-f", "gone.txt", "hi"], { toml: TOML });
    expect(missing.err).toMatch(/^error: .*gone\.txt cannot be read \(ENOENT\)\n$/);
    const binary = await cli(["run", "-f", "a.bin", "hi"], {
      toml: TOML,
      files: { "a.bin": Uint8Array.of(0xff, 0xc0, 0) },
    });
    expect(binary.err).toContain("is neither text nor one of .png");
    expect([missing.code, binary.code]).toEqual([2, 2]);
  });

  it("reads piped input and attachments without a byte order mark, including UTF-16", async () => {
    await using server = await running([]);
    const files = { "a.txt": Buffer.from("\ufeffattached", "utf16le") };
    const argv = ["run", "-m", "far", "-q", "-f", "a.txt"];
    await cli(argv, { toml: server.toml, files, stdin: "\ufeffpiped", env: { FAR_KEY: "k-1" } });
    expect(JSON.stringify(server.requests[0]?.body)).toMatch(/a\.txt:\\n\\nattached".*"piped"/);
  });

  it("rejects an endless attachment", async () => {
    const { code, err } = await cli(["run", "-f", "/dev/zero", "hi"], { toml: TOML });
    expect([code, err]).toEqual([2, "error: /dev/zero is not a file\n"]);
  });

  it("exits when an attached pipe has no writer", async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-pipe-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const { code, err } = await cli(["run", "-f", pipe, "hi"], { toml: TOML });
    expect([code, err]).toEqual([2, `error: ${pipe} is an empty pipe\n`]);
  });

  it("attaches what another program writes to a pipe", async () => {
    await using server = await running([]);
    const folder = mkdtempSync(join(tmpdir(), "modelwright-pipe-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    execFile("sh", ["-c", `echo from a program > '${pipe}'`]);
    const { code } = await cli(["run", "-m", "far", "-q", "-f", pipe], { toml: server.toml, env: { FAR_KEY: "k-1" } });
    expect([code, JSON.stringify(server.requests[0]?.body)]).toEqual([0, expect.stringContaining("from a program")]);
  });

  it("explains how to pass a prompt without one", async () => {
    const { code, err } = await cli(["run"], { toml: TOML });
    expect(err).toContain("no prompt was given");
    expect(code).toBe(2);
  });

  it("prints the failure of each model on its own line", async () => {
    const entry = (name: string, more = "") =>
      `[models.${name}]\nname = "m"\nprovider = "own"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "k"\nnum_retries = 0\n${more}\n`;
    const toml = entry("one", 'fallback_models = ["two"]') + entry("two");
    const { err, code } = await cli(["run", "-m", "one", "hi"], { toml });
    expect(code).toBe(1);
    expect(err.split("\n").slice(0, 3)).toEqual([
      "error: connection_failed: All 2 models failed:",
      expect.stringMatching(/^ {2}one: connection_failed: .*ECONNREFUSED/),
      expect.stringMatching(/^ {2}two: connection_failed: .*ECONNREFUSED/),
    ]);
  });

  it("prints a provider's error with its position and advice", async () => {
    await using server = await running([{ kind: "auth" }]);
    const { golden } = await cli(["run", "-m", "far", "hi"], { toml: server.toml, env: { FAR_KEY: "k-1" } });
    await expect(golden).toMatchFileSnapshot("golden/run-unauthorized.txt");
  });

  it("keeps the partial answer on stdout, and fails", async () => {
    await using server = await running([{ cut: { afterEvents: 4 }, times: 9 }]);
    const { code, out, err } = await cli(["run", "-m", "far", "hi"], { toml: server.toml, env: { FAR_KEY: "k-1" } });
    expect(out).toMatch(/^\[simulated.*\n$/);
    expect(err).toMatch(/^error: (stream_truncated|connection_failed): /);
    expect(code).toBe(1);
  });

  it("prints a refusal as the answer, and fails", async () => {
    await using server = await running([{ answer: { refusal: "I would rather not." } }]);
    const { code, out, err } = await cli(["run", "-m", "far", "hi"], { toml: server.toml, env: { FAR_KEY: "k-1" } });
    expect(out).toBe("I would rather not.\n");
    expect(err).toBe("note: the model refused\n");
    expect(code).toBe(1);
  });

  it("prints each tool call on its own line", async () => {
    await using server = await running([{ answer: { toolCalls: [{ name: "weather", arguments: { city: "Oslo" } }] } }]);
    const { out } = await cli(["run", "-m", "far", "hi"], { toml: server.toml, env: { FAR_KEY: "k-1" } });
    expect(out).toContain('weather({"city":"Oslo"})\n');
  });

  it("exits on Ctrl-C while it waits for piped input", async () => {
    const { code, out, err } = await cli(["run", "hi"], { toml: TOML, stdin: null, interrupted: AbortSignal.abort() });
    expect([code, out, err]).toEqual([130, "", ""]);
  });

  it("exits cleanly on Ctrl-C", async () => {
    await using server = await running([{ stall: { afterEvents: 3 } }]);
    const interruption = new AbortController();
    const { code, err } = await cli(["run", "-m", "far", "hi"], {
      toml: server.toml,
      env: { FAR_KEY: "k-1" },
      interrupted: interruption.signal,
      onOutput: () => interruption.abort(),
    });
    expect(err).toBe("stopped\n");
    expect(code).toBe(130);
  });
});

/** A provider on a port of its own, and a models.toml whose entry "far" points to it. */
async function running(script: NonNullable<Parameters<typeof startSimulator>[0]>["script"] = []) {
  const simulator = await startSimulator({ script: [...script] });
  const toml = TOML.replace("http://127.0.0.1:9/v1", simulator.baseUrl("openai")).replace(
    "num_retries = 1",
    "num_retries = 0",
  );
  return { toml, requests: simulator.requests, [Symbol.asyncDispose]: () => simulator.close() };
}
