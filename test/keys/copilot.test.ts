import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type Message, type Model, tool } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import type { SeenRequest, WireServer } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { type WrittenAnswer, writtenAnswer } from "../harness/written-answer.ts";

/** An entry of Copilot at a server on loopback that gives these answers, one for each request. */
async function copilot(
  answers: readonly WrittenAnswer[],
  { wire = "openai", lines = "", provider = "copilot" }: { wire?: Wire; lines?: string; provider?: string } = {},
): Promise<{ model: Model; server: WireServer }> {
  const server = await serving((request, index) =>
    writtenAnswer(wire, request, answers[index % answers.length] ?? { text: "hello" }),
  );
  const toml = `[models.main]\nname = "m"\nprovider = "${provider}"\ncustom_llm_provider = "${wire}"\napi_key = "k"\nbase_url = "${server.origin}"\nnum_retries = 0\n${lines}\n`;
  return { model: factoryOf(toml).create(), server };
}

const HELLO: WrittenAnswer = { text: "hello" };
const NAMES = ["x-initiator", "copilot-vision-request"];

/** The headers of each request that depend on the request. */
const computed = ({ requests }: WireServer) =>
  requests.map(({ headers }: SeenRequest) => NAMES.map((name) => headers[name]));

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const image = { type: "image", data: PIXEL, mediaType: "image/png" } as const;
const WITH_IMAGE: Message[] = [{ role: "user", content: [{ type: "text", text: "What is this?" }, image] }];

const look = tool({
  name: "look",
  description: "Looks around.",
  parameters: z.object({}),
  execute: async () => "A tree.",
});

describe.each(WIRES)("requests to Copilot on the %s wire", (wire) => {
  test("say who started them, in a call, a stream and every step of a run", async () => {
    const asks: WrittenAnswer = { calls: [{ id: "c1", name: "look", args: {} }] };
    const { model, server } = await copilot([HELLO, HELLO, HELLO, asks, HELLO], { wire });
    await model.codegen("Hi.");
    await model.codegen("Hi.", { system: "Be brief." });
    await model.stream("Hi.").reply;
    await model.run("What is there?", { tools: [look] });
    expect(computed(server).map(([initiator]) => initiator)).toEqual(["user", "user", "user", "user", "agent"]);
  });

  test("are of the program when the library asks again", async () => {
    const cut: WrittenAnswer = { text: "The sea is", reason: "length" };
    const answers = [{ text: "no object" }, { text: '{"a":1}' }, cut, { text: " blue." }];
    const { model, server } = await copilot(answers, { wire, lines: "continue_on_length = 1\nrepair = 1" });
    expect((await model.object(z.object({ a: z.number() }), "Give me an object.")).object).toEqual({ a: 1 });
    expect((await model.codegen("Describe the sea.")).text).toBe("The sea is blue.");
    expect(computed(server).map(([initiator]) => initiator)).toEqual(["user", "agent", "user", "agent"]);
  });

  test("announce images, and only images", async () => {
    const { model, server } = await copilot([HELLO], { wire });
    await model.codegen("Hi.");
    await model.codegen(WITH_IMAGE);
    await model.codegen([
      ...WITH_IMAGE,
      { role: "assistant", content: "A pixel." },
      { role: "user", content: "Sure?" },
    ]);
    await model.codegen("Hi.");
    expect(computed(server).map(([, vision]) => vision)).toEqual([undefined, "true", "true", undefined]);
  });
});

test("an image in a tool result is announced", async () => {
  const { model, server } = await copilot([HELLO], { wire: "anthropic" });
  await model.codegen([
    { role: "user", content: "Look." },
    { role: "assistant", content: [{ type: "tool-call", id: "c1", name: "look", arguments: {} }] },
    { role: "tool", content: [{ type: "tool-result", id: "c1", content: [image] }] },
  ]);
  expect(computed(server)).toEqual([["agent", "true"]]);
});

test("headers of the entry and the call take precedence, in any case", async () => {
  const { model, server } = await copilot([HELLO], { lines: 'extra_headers = { X-Initiator = "agent" }' });
  await model.codegen(WITH_IMAGE);
  await model.codegen("Hi.", { extraHeaders: { "X-INITIATOR": "mine", "X-Team": "t" } });
  expect(computed(server)).toEqual([
    ["agent", "true"],
    ["mine", undefined],
  ]);
  expect(server.requests[1]?.headers["x-team"]).toBe("t");
});

test("other providers get none of these headers", async () => {
  const { model, server } = await copilot([HELLO], { provider: "openai" });
  for (let left = 3; left > 0; left--) await model.codegen(WITH_IMAGE);
  expect(computed(server)).toEqual(Array(3).fill([undefined, undefined]));
});

test("the library sends its own name and no integration id, and says what to set", async () => {
  const server = await serving(() => ({ status: 401, body: '{"error":{"message":"no"}}' }));
  const toml = (lines: string) =>
    `[models.main]\nname = "m"\nprovider = "copilot"\napi_key = "k"\nnum_retries = 0\n${lines}\n`;
  const at = `base_url = "${server.origin}"\n`;
  const error = await failureOf(factoryOf(toml(at)).create().codegen("Hi."));
  expect(error.message).toContain('; set "copilot-integration-id" in extra_headers)');
  expect(server.requests[0]?.headers["editor-version"]).toMatch(/^modelwright\//);
  expect(server.requests[0]?.headers).not.toHaveProperty("copilot-integration-id");
  const found = (lines: string) =>
    factoryOf(toml(lines))
      .lint()
      .map(({ severity, message }) => `${severity} ${message}`);
  expect(found("")).toEqual([
    'warning copilot expects the header "copilot-integration-id", the id of your program at GitHub; set it in extra_headers',
  ]);
  expect(found('extra_headers = { Copilot-Integration-Id = "mine" }')).toEqual([]);
});
