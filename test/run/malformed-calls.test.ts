import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type Message, tool } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { type WrittenAnswer, writtenAnswer } from "../harness/written-answer.ts";

const CUT = '{"city": "Lisbon"';
/** A call whose arguments are this text on the wire. */
const written = (id: string, text: string) => ({ id, name: "weather", args: text, json: text });
const OSLO = { id: "c2", name: "weather", args: { city: "Oslo" } };
const DONE: WrittenAnswer = { text: "Rain in Oslo." };

async function modelThat(wire: Wire, answers: readonly WrittenAnswer[], keys = "") {
  const server = await serving((request, index) => writtenAnswer(wire, request, answers[index] ?? DONE));
  return { model: modelAt(wire, server.origin, keys), server };
}

function weather(asked: unknown[] = []) {
  const parameters = z.object({ city: z.string().optional() });
  return tool({ name: "weather", parameters, execute: ({ city }) => asked.push(city) });
}

describe.each(WIRES)("malformed arguments of a tool call in a run on the %s wire", (wire) => {
  it.each(["run", "runStream"] as const)(
    "%s tells the model what is wrong and executes the other calls",
    async (way) => {
      const asked: unknown[] = [];
      const { model, server } = await modelThat(wire, [{ calls: [written("c1", CUT), OSLO] }, DONE], "num_retries = 2");
      const options = { tools: [weather(asked)] };
      const result =
        way === "run" ? await model.run("Weather?", options) : await model.runStream("Weather?", options).result;
      expect([result.stopReason, result.reply.text, asked]).toEqual(["done", DONE.text, ["Oslo"]]);
      // Not sampled again: the model is asked with the result.
      expect(server.requests).toHaveLength(2);
      const [problem, fine] = result.steps[0]?.toolResults ?? [];
      expect(problem).toMatchObject({ error: true });
      expect(problem?.content).toBe(
        `not executed: the arguments of the tool call weather are not JSON (unexpected end at line 1, column 18). You wrote: ${CUT}`,
      );
      expect(fine).toMatchObject({ error: false });
      expect(JSON.parse(server.requests[1]?.body ?? "")).toBeTypeOf("object");
      expect(server.requests[1]?.body).toContain("not executed: the arguments of the tool call weather are not JSON");
    },
  );

  it("fails codegen and stream as before", async () => {
    const { model, server } = await modelThat(wire, [{ calls: [written("c1", CUT)] }, { calls: [written("c1", CUT)] }]);
    for (const call of [
      model.codegen("Weather?", { tools: [weather()] }),
      model.stream("Weather?", { tools: [weather()] }).reply,
    ])
      expect((await failureOf(call)).code).toBe("invalid_tool_call");
    expect(server.requests).toHaveLength(2);
  });
});

it.each(["openai", "openai-responses", "anthropic"] as const)(
  "a call that the token limit cut is not reported to the model on the %s wire",
  async (wire) => {
    const { model } = await modelThat(wire, [{ text: "Let me look.", calls: [written("c1", CUT)], reason: "length" }]);
    const { reply, steps, stopReason } = await model.run("Weather?", { tools: [weather()] });
    expect([stopReason, reply.finishReason, reply.toolCalls, steps[0]?.toolResults]).toEqual([
      "done",
      "length",
      [],
      [],
    ]);
  },
);

describe("malformed arguments in a run", () => {
  it.each([
    ["[1]", "are not a JSON object. You wrote: [1]"],
    [`${'{"a":'.repeat(600)}1${"}".repeat(600)}`, "are nested too deeply. You wrote: "],
    ['{"city": "x" "y"}', "are not JSON (an unexpected character at line 1, column 14)"],
    ["\ud800", "are not JSON (it does not begin with an object or array). You wrote: \ufffd"],
  ])("of %.20s are explained", async (text, words) => {
    const { model } = await modelThat("openai", [{ calls: [written("c1", text)] }, DONE], "strict = true");
    const { steps } = await model.run("Weather?", { tools: [weather()] });
    expect(steps[0]?.toolResults[0]?.content).toContain(words);
    expect(String(steps[0]?.toolResults[0]?.content).length).toBeLessThan(1200);
  });

  it("also go back for a tool that the caller executes", async () => {
    const { execute: _, ...declared } = weather();
    const { model, server } = await modelThat("openai", [{ calls: [written("c1", CUT)] }, DONE]);
    const { stopReason } = await model.run("Weather?", { tools: [declared] });
    expect([stopReason, server.requests.length]).toEqual(["done", 2]);
  });

  it("are never executed as empty arguments, also when an interrupted run is continued", async () => {
    const caller = new AbortController();
    const ran: unknown[] = [];
    const asks = tool({
      name: "asks",
      needsApproval: () => {
        setImmediate(() => caller.abort());
        return new Promise<boolean>(() => {});
      },
      execute: () => ran.push("asks"),
    });
    const calls = [{ id: "c1", name: "asks", args: {} }, written("c2", CUT)];
    const { model } = await modelThat("openai", [{ calls }, DONE]);
    const error = await failureOf(model.run("Go.", { tools: [asks, weather(ran)], signal: caller.signal }));
    expect(error.run?.pending).toMatchObject([{ id: "c1" }, { id: "c2", arguments: {}, json: CUT }]);
    const messages = JSON.parse(JSON.stringify(error.run?.messages)) as Message[];
    const { messages: after } = await model.run(messages, { tools: [asks, weather(ran)], approved: ["c1", "c2"] });
    expect(ran).toEqual(["asks"]);
    expect(JSON.stringify(after)).toContain("not executed: the arguments of the tool call weather are not JSON");
  });

  it.each([`${CUT}}`, "null", " "])("%j in a history are refused, because they are valid", async (malformed) => {
    const ran: unknown[] = [];
    const { model, server } = await modelThat("openai", []);
    const content = [{ type: "tool-call", id: "c1", name: "weather", arguments: {}, malformed }] as const;
    const messages: Message[] = [
      { role: "user", content: "Weather?" },
      { role: "assistant", content },
    ];
    const error = await failureOf(model.run(messages, { tools: [weather(ran)], approved: ["c1"] }));
    expect(error.code).toBe("invalid_request");
    expect(error.message).toContain("messages[1].content[0].malformed: these are valid arguments");
    expect([ran, server.requests]).toEqual([[], []]);
  });

  it("are not cached", async () => {
    const cached = '[cache]\nstore = "memory"\nttl = "1h"';
    const { model, server } = await modelThat("openai", [{ calls: [written("c1", CUT)] }], cached);
    await model.run("Weather?", { tools: [weather()] });
    await model.run("Weather?", { tools: [weather()] });
    expect(server.requests).toHaveLength(3);
  });
});
