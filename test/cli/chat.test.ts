import { describe, expect, it } from "vitest";
import { startSimulator } from "../../src/testing/simulator.ts";
import { cli, playing, TOML } from "../harness/terminal.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

describe("chat", () => {
  it("answers lines, runs slash commands and exits with /exit", async () => {
    const stdin = [
      "hello",
      "/usage",
      "/modle",
      "/model careful",
      "/models",
      "/system Be brief",
      "again",
      "/clear",
      "/help",
      "/exit",
      "never read",
      "",
    ].join("\n");
    const { golden } = await cli(["chat"], { toml: TOML, stdin });
    await expect(golden).toMatchFileSnapshot("golden/chat.txt");
  });

  it("sends the history with each question, and an empty one after /clear", async () => {
    const simulator = await startSimulator();
    const toml = TOML.replace("http://127.0.0.1:9/v1", simulator.baseUrl("openai"));
    const { code } = await cli(["chat", "-m", "far"], {
      toml,
      stdin: "one\ntwo\n/clear\nthree\n",
      env: { FAR_KEY: "k-1" },
    });
    await simulator.close();
    const roles = simulator.requests.map(({ body }) =>
      (body as { messages: { role: string }[] }).messages.map(({ role }) => role),
    );
    expect(roles).toEqual([["user"], ["user", "assistant", "user"], ["user"]]);
    expect(code).toBe(0);
  });

  it("with --json prints each reply as one line", async () => {
    const { out } = await cli(["chat", "--json"], { toml: TOML, stdin: "hello\nagain\n" });
    const replies = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { model: string; finishReason: string });
    expect(replies.map(({ model, finishReason }) => [model, finishReason])).toEqual([
      ["fast", "stop"],
      ["fast", "stop"],
    ]);
  });

  it("continues after an error, and exits with an error code when not interactive", async () => {
    const { code, out, err } = await cli(["chat"], { toml: TOML, stdin: "/model far\nhello\n" });
    expect(err).toContain("the environment variable FAR_KEY is not set");
    expect(out).toContain("[simulated made-up-1]");
    expect(code).toBe(1);
  });

  it("Ctrl-C on a terminal stops the answer, and the chat continues", async () => {
    const simulator = await startSimulator({ script: [{ stall: { afterEvents: 3 } }] });
    const toml = TOML.replace("http://127.0.0.1:9/v1", simulator.baseUrl("openai"));
    const steps = [
      ["› ", "hello\r"],
      ["[simulated", CTRL_C],
      ["› ", CTRL_D],
    ] as const;
    const { code, err } = await cli(["chat", "-m", "far"], {
      toml,
      terminal: true,
      env: { FAR_KEY: "k-1", NO_COLOR: "1" },
      onOutput: playing(steps),
    });
    await simulator.close();
    expect(err).toContain("stopped; the question and the answer are discarded");
    expect(simulator.requests).toHaveLength(1);
    expect(code).toBe(0);
  });

  it("a second Ctrl-C on a terminal exits", async () => {
    const { code, err } = await cli(["chat"], {
      toml: TOML,
      terminal: true,
      env: { NO_COLOR: "1" },
      onOutput: playing([
        ["› ", CTRL_C],
        ["› ", CTRL_C],
      ]),
    });
    expect(err).toContain("Ctrl-C again exits");
    expect(code).toBe(0);
  });
});
