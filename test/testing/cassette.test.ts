import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FactoryOptions, ModelFactory } from "modelwright";
import { type CassetteOptions, cassette, startSimulator } from "modelwright/testing";
import { expect, it, onTestFinished } from "vitest";
import { WIRES } from "../harness/wires.ts";

async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-cassette-"));
  const simulator = await startSimulator({ answers: ({ prompt }) => ({ text: `re: ${prompt}` }) });
  onTestFinished(async () => {
    rmSync(folder, { recursive: true, force: true });
    await simulator.close();
  });
  const file = join(folder, "deep/tape.jsonl");
  const toml = `[models.m]\nname = "m"\nprovider = "openai"\napi_key = "any"\nbase_url = "${simulator.baseUrl("openai")}"\n`;
  const ask = async (options: CassetteOptions, prompt = "Hello") => {
    await using tape = cassette(file, { env: {}, ...options });
    await using factory = ModelFactory.parse(toml, { transport: tape.transport, env: {} });
    const outcome = await factory.create().safeCodegen(prompt);
    return [tape.mode, outcome.ok ? outcome.reply.text : outcome.error.code];
  };
  return { ask, file, simulator };
}

it("records when the file is missing, and replays when it exists", async () => {
  const { ask, simulator } = await setUp();
  expect(await ask({})).toEqual(["record", "re: Hello"]);
  expect(await ask({})).toEqual(["replay", "re: Hello"]);
  expect(await ask({}, "Other")).toEqual(["replay", "invalid_request"]);
  expect(simulator.requests).toHaveLength(1);
});

it("records again with MODELWRIGHT_RECORD=1", async () => {
  const { ask } = await setUp();
  await ask({});
  expect(await ask({ env: { MODELWRIGHT_RECORD: "1", CI: "true" } }, "Other")).toEqual(["record", "re: Other"]);
  expect(await ask({}, "Other")).toEqual(["replay", "re: Other"]);
  expect(await ask({})).toEqual(["replay", "invalid_request"]);
});

it("does not record while CI is set", async () => {
  const { ask, file } = await setUp();
  await expect(ask({ env: { CI: "true" } })).rejects.toThrow(/does not exist, and nothing is recorded while CI is set/);
  expect(existsSync(file)).toBe(false);
});

it("leaves an old recording as it was until it is closed", async () => {
  const { ask, file, simulator } = await setUp();
  await ask({});
  const tape = cassette(file, { mode: "record" });
  await (await tape.transport.fetch(`${simulator.baseUrl("openai")}/models`)).text();
  expect(await ask({})).toEqual(["replay", "re: Hello"]);
  await tape.close();
  await tape.close();
  expect(await ask({})).toEqual(["replay", "invalid_request"]);
});

it("writes no file if nothing was recorded", async () => {
  const { ask, file } = await setUp();
  const tape = cassette(file, { mode: "record" });
  await tape.close();
  expect(existsSync(file)).toBe(false);
  expect(existsSync(`${file}.unfinished`)).toBe(false);
  expect(await ask({})).toEqual(["record", "re: Hello"]);
});

it.each(WIRES)("replays calls to the embedded simulator on %s, whose port differs in each run", async (wire) => {
  const { file } = await setUp();
  const entries = `[models.m]\nname = "m"\nprovider = "simulator"\ncustom_llm_provider = "${wire}"\nnum_retries = 0\n`;
  const run = async (options: FactoryOptions, table = "") => {
    await using factory = ModelFactory.parse(table + entries, { ...options, env: {} });
    const simulator = await factory.simulator();
    simulator.script({ answer: {} }, { reset: true });
    const model = factory.create();
    const streamed = await model.stream("Hello").reply;
    const failed = await model.safeCodegen("Break");
    return {
      texts: [(await model.codegen("Hello")).text, streamed.text, failed.ok ? "" : failed.error.code],
      requests: simulator.requests.length,
    };
  };
  const taped = async () => {
    await using tape = cassette(file, { env: {} });
    return await run({ transport: tape.transport });
  };
  const recorded = await taped();
  expect(recorded).toEqual({
    texts: [expect.stringContaining("[simulated m]"), expect.any(String), "connection_failed"],
    requests: 3,
  });
  expect(await taped()).toEqual({ ...recorded, requests: 0 });
  expect(await run({}, `[record]\nmode = "replay"\nfile = ${JSON.stringify(file)}\n`)).toEqual({
    ...recorded,
    requests: 0,
  });
  expect(readFileSync(file, "utf8")).not.toContain("127.0.0.1");
});

it("rejects options that it does not know", () => {
  expect(() => cassette("")).toThrow("cassette: the file must be a path");
  expect(() => cassette("x.jsonl", { mode: "play" as "auto" })).toThrow('"auto", "record" or "replay"');
});
