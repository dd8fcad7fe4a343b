import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ModelFactory } from "../../src/factory/factory.ts";
import type { FactoryOptions } from "../../src/factory/options.ts";
import { AT_ONCE, entry } from "../harness/entry.ts";
import { factoryOf } from "../harness/scripted-factory.ts";
import { simulate, factoryOf as simulatedFactory } from "../harness/simulated.ts";

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "audit-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
};

const linesIn = (path: string): Record<string, unknown>[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

function audited(
  more = "",
  options: FactoryOptions = {},
  scripts: Parameters<typeof factoryOf>[0] = { main: ["hi", "ho"] },
) {
  const path = join(folder(), "audit.jsonl");
  const toml = `[audit]\nfile = ${JSON.stringify(path)}\n${more}`;
  return { path, ...factoryOf(scripts, toml, options) };
}

describe("the audit", () => {
  it("has one line for each call, with its attempts and cost", async () => {
    const simulator = await simulate({ script: [{ kind: "server" }, {}, { kind: "auth" }] });
    const path = join(folder(), "audit.jsonl");
    const toml = `[audit]\nfile = ${JSON.stringify(path)}\n${entry("openai", simulator.url, `num_retries = 1\n${AT_ONCE}`)}`;
    const factory = simulatedFactory(toml);
    const model = factory.get("main", { scope: { org: "acme" } });
    const reply = await model.codegen("my prompt", { user: "ann", tags: ["web"] });
    await model.safeCodegen("my prompt");
    await model.stream("my prompt").reply;
    await factory.close();
    const lines = linesIn(path);
    expect(lines).toMatchObject([
      {
        callId: reply.callId,
        traceId: reply.callId,
        model: "main",
        provider: "openai",
        modelId: "some-model",
        answeredBy: "main",
        outcome: "ok",
        finishReason: "stop",
        usage: { total: reply.usage.total },
        costUsd: reply.cost.usd,
        attempts: [
          { outcome: "error", code: "server_error", status: 500, possiblyBilled: false },
          { outcome: "ok", costUsd: reply.cost.usd },
        ],
        user: "ann",
        tags: ["web"],
        scope: "acme",
        streaming: false,
        cached: false,
      },
      { outcome: "error", code: "unauthorized", attempts: [{ code: "unauthorized" }] },
      { outcome: "ok", streaming: true, firstTokenMs: expect.any(Number) },
    ]);
    expect(readFileSync(path, "utf8")).not.toMatch(/my prompt|test-key/);
  });

  it("has prompts and answers only with content = true", async () => {
    const { path, model, factory } = audited("content = true");
    await model.codegen("my prompt");
    await factory.close();
    expect(linesIn(path)).toMatchObject([{ messages: [{ role: "user", content: "my prompt" }], text: "hi" }]);
  });

  it("is written at most a second late, and when the factory is closed", async () => {
    const { path, model, factory, clock } = audited();
    await model.codegen("hello");
    await clock.advance(900);
    expect(linesIn(path)).toEqual([]);
    await clock.advance(200);
    await expect.poll(() => linesIn(path).length).toBe(1);
    await model.codegen("hello");
    await factory.close();
    expect(linesIn(path)).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it("keeps a line for a call that was aborted", async () => {
    const { path, model, factory } = audited("", {}, { main: [[{ delta: "a" }, { delta: "b" }, { finish: "stop" }]] });
    for await (const _ of model.stream("hello")) break;
    await factory.close();
    expect(linesIn(path)).toMatchObject([{ outcome: "aborted", code: "aborted" }]);
  });

  it.runIf(process.platform !== "win32")(
    "is readable only by its owner, also if the file was there before",
    async () => {
      const path = join(folder(), "audit.jsonl");
      writeFileSync(path, "", { mode: 0o644 });
      factoryOf({ main: ["hi"] }, `[audit]\nfile = ${JSON.stringify(path)}`);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    },
  );

  it("creates the folder of the file", async () => {
    const path = join(folder(), "logs", "calls", "audit.jsonl");
    const { factory, model } = factoryOf({ main: ["hi"] }, `[audit]\nfile = ${JSON.stringify(path)}`);
    await model.codegen("hello");
    await factory.close();
    expect(linesIn(path)).toMatchObject([{ outcome: "ok" }]);
  });

  it("names the line of the file that cannot be written", () => {
    const toml = `[models.a]\nname = "m"\nprovider = "simulator"\n\n[audit]\ncontent = true\nfile = ${JSON.stringify(folder())}`;
    expect(() => ModelFactory.parse(toml, { env: {} })).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ path: "audit.file", line: 7, column: 1 })] }),
    );
  });

  it("refuses a file that cannot be written, or a symbolic link", () => {
    const at = (file: string) => () => factoryOf({ main: ["hi"] }, `[audit]\nfile = ${JSON.stringify(file)}`);
    const path = folder();
    expect(at(path)).toThrow(/audit file .* cannot be written \(EISDIR\)/);
    writeFileSync(join(path, "real"), "");
    symlinkSync(join(path, "real"), join(path, "link"));
    expect(at(join(path, "link"))).toThrow(/is a symbolic link/);
  });

  it("survives a failing disk: logged once, no call fails, later lines are written", async () => {
    const errors: string[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) };
    const { path, model, factory, clock } = audited("", { logger }, { main: ["a", "b", "c"] });
    unlinkSync(path);
    mkdirSync(path);
    for (let calls = 0; calls < 2; calls++) {
      await model.codegen("hello");
      await clock.advance(1_100);
    }
    await expect.poll(() => errors).toEqual(["audit lines not written"]);
    rmSync(path, { recursive: true });
    await model.codegen("hello");
    await factory.close();
    expect(linesIn(path)).toHaveLength(1);
    expect(errors).toHaveLength(1);
  });

  it("takes the lines of several processes without mixing them", async () => {
    const path = join(folder(), "audit.jsonl");
    const program = join(import.meta.dirname, "audited-process.ts");
    const done = (name: string) =>
      new Promise<number | null>((resolve) => {
        spawn(process.execPath, [program, path, name], { stdio: "inherit" }).on("exit", resolve);
      });
    expect(await Promise.all([done("one"), done("two")])).toEqual([0, 0]);
    const users = linesIn(path).map(({ user }) => user);
    expect([users.filter((user) => user === "one").length, users.filter((user) => user === "two").length]).toEqual([
      200, 200,
    ]);
  });
});
