import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type Message, type Model, type RunEvent, type RunResult, tool } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import type { WireServer } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { type WrittenAnswer, writtenAnswer } from "../harness/written-answer.ts";

const PRICE = "pricing = { input = 1000, output = 1000 }";

/** A model that gives these answers, one for each request. */
async function modelThat(
  wire: Wire,
  answers: readonly WrittenAnswer[],
  keys = "",
): Promise<{ model: Model; server: WireServer }> {
  const server = await serving((request, index) =>
    writtenAnswer(wire, request, answers[index] ?? { text: "no answer left" }),
  );
  return { model: modelAt(wire, server.origin, `${PRICE}\n${keys}`), server };
}

const call = (id: string, name: string, args: unknown) => ({ id, name, args });
const asks = (...calls: ReturnType<typeof call>[]): WrittenAnswer => ({ calls });
const SUNNY: WrittenAnswer = { text: "Sunny in Lisbon, rain in Oslo." };
const BOTH = asks(call("c1", "weather", { city: "Lisbon" }), call("c2", "weather", { city: "Oslo" }));

const weather = (asked: string[] = []) =>
  tool({
    name: "weather",
    description: "The weather in a city.",
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      asked.push(city);
      return { city, celsius: 21 };
    },
  });

const bodies = ({ requests }: WireServer): string[] => requests.map(({ body }) => body);

describe.each(WIRES)("a run on the %s wire", (wire) => {
  it.each(["run", "runStream"] as const)(
    "%s asks, runs two tools in parallel, sends their results, and answers",
    async (way) => {
      const asked: string[] = [];
      const { model, server } = await modelThat(wire, [BOTH, SUNNY]);
      const options = { tools: [weather(asked)] };
      const result =
        way === "run" ? await model.run("Weather?", options) : await model.runStream("Weather?", options).result;
      expect(result.reply.text).toBe(SUNNY.text);
      expect(result.stopReason).toBe("done");
      expect(result.steps).toHaveLength(2);
      expect(result.pending).toEqual([]);
      expect(asked).toEqual(["Lisbon", "Oslo"]);
      expect(server.requests).toHaveLength(2);
      expect(bodies(server)[1]).toMatch(/Lisbon.*21.*Oslo.*21/s);
      expect(result.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
      expect(result.usage).toMatchObject({ input: 20, output: 10, total: 30 });
      expect(result.cost.usd).toBeCloseTo(0.03, 9);
    },
  );

  it("goes on from its messages, through JSON, when a call needed approval", async () => {
    const asked: string[] = [];
    const guarded = { ...weather(asked), needsApproval: ({ city }: { city: string }) => city === "Oslo" };
    const { model, server } = await modelThat(wire, [BOTH, SUNNY]);
    const first = await model.run("Weather?", { tools: [guarded] });
    expect(first).toMatchObject({ stopReason: "pending", pending: [{ name: "weather", arguments: { city: "Oslo" } }] });
    expect(asked).toEqual(["Lisbon"]);
    const messages = JSON.parse(JSON.stringify(first.messages)) as Message[];
    const approved = first.pending.map(({ id }) => id);
    const second = await model.run(messages, { tools: [guarded], approved });
    expect(asked).toEqual(["Lisbon", "Oslo"]);
    expect(second).toMatchObject({ stopReason: "done", reply: { text: SUNNY.text } });
    expect(server.requests).toHaveLength(2);
  });

  it("executes nothing while a call has neither a result nor approval", async () => {
    const asked: string[] = [];
    const guarded = { ...weather(asked), needsApproval: true };
    const { model, server } = await modelThat(wire, [BOTH, SUNNY]);
    const { messages, pending } = await model.run("Weather?", { tools: [guarded] });
    const [first, second] = pending.map(({ id }) => id);
    for (const approved of [undefined, [String(first)]]) {
      const error = await failureOf(model.run(messages, { tools: [guarded], approved }));
      const open = approved === undefined ? first : second;
      expect(error.message).toContain(
        `tool call "${open}" (weather) has no result; append its tool result, or add its id to approved`,
      );
    }
    const { execute: _, ...declared } = guarded;
    const ids = [String(first), String(second)];
    const error = await failureOf(model.run(messages, { tools: [declared], approved: ids }));
    expect(error.message).toContain('no tool "weather" with execute is among the tools');
    expect([asked, server.requests.length]).toEqual([[], 1]);
  });

  it("goes on when the caller appends the result of a tool without execute", async () => {
    const { execute: _, ...declared } = weather();
    const { model, server } = await modelThat(wire, [asks(call("c1", "weather", { city: "Oslo" })), SUNNY]);
    const { messages, pending, stopReason } = await model.run("Weather?", { tools: [declared] });
    expect(stopReason).toBe("pending");
    const id = String(pending[0]?.id);
    const answered: Message[] = [
      ...messages,
      { role: "tool", content: [{ type: "tool-result", id, content: "snow" }] },
    ];
    expect((await model.run(answered, { tools: [declared] })).reply.text).toBe(SUNNY.text);
    expect(bodies(server)[1]).toContain("snow");
  });

  it("executes nothing of an answer that the token limit cut", async () => {
    const asked: string[] = [];
    const { model, server } = await modelThat(wire, [{ ...BOTH, text: "Let me look.", reason: "length" }]);
    const { stopReason, reply, messages } = await model.run("Weather?", { tools: [weather(asked)] });
    expect([stopReason, reply.finishReason]).toEqual(["done", "length"]);
    expect(asked).toEqual([]);
    expect(server.requests).toHaveLength(1);
    // Still a legal history.
    await expect(model.countTokens(messages)).resolves.toBeGreaterThan(0);
  });
});

describe("a tool that fails", () => {
  const parts = {
    throws: tool({
      name: "throws",
      execute: () => {
        throw new Error("the disk is full");
      },
    }),
    rejects: tool({ name: "rejects", execute: () => Promise.reject("no route") }),
    slow: tool({ name: "slow", timeoutMs: 5, execute: (_, { signal }) => sleep(1_000, "late", { signal }) }),
    strict: tool({ name: "strict", parameters: z.object({ city: z.string() }), execute: () => "never" }),
    plain: tool({
      name: "plain",
      parameters: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
      execute: () => "never",
    }),
    cyclic: tool({
      name: "cyclic",
      execute: () => {
        const value: Record<string, unknown> = {};
        value["self"] = value;
        return value;
      },
    }),
    picky: tool({
      name: "picky",
      parameters: z.object({ n: z.string().transform((text): unknown => JSON.parse(text)) }),
      execute: () => "never",
    }),
    unsure: tool({
      name: "unsure",
      needsApproval: () => {
        throw new Error("no one to ask");
      },
      execute: () => "never",
    }),
  };
  it.each([
    ["throws", {}, "the disk is full"],
    ["rejects", {}, "no route"],
    ["slow", {}, "the tool did not finish within 0.005 s"],
    ["strict", { city: 5 }, "invalid arguments: city: Invalid input: expected string, received number"],
    ["plain", { n: "x" }, 'invalid arguments: arguments/n: Instance type "string" is invalid. Expected "integer".'],
    ["cyclic", {}, "not serializable as JSON"],
    ["picky", { n: "{" }, "invalid arguments: Expected property name"],
    ["unsure", {}, "no one to ask"],
    ["strictt", {}, 'there is no tool "strictt"; did you mean "strict"?'],
    ["nope", {}, 'there is no tool "nope"; the tools are throws, rejects'],
  ])("%s(%j) tells the model why", async (name, args, words) => {
    const { model, server } = await modelThat("openai", [asks(call("c1", name, args)), { text: "I could not." }]);
    const { steps, stopReason } = await model.run("Go.", { tools: Object.values(parts) });
    expect(stopReason).toBe("done");
    expect(steps[0]?.toolResults).toMatchObject([{ id: "c1", name, error: true }]);
    expect(String(steps[0]?.toolResults[0]?.content)).toContain(words);
    expect(JSON.parse(bodies(server)[1] ?? "").messages.at(-1).content).toContain(words);
  });
});

describe("a run", () => {
  it("stops at maxSteps without an error, with the results of the last step", async () => {
    const { model, server } = await modelThat(
      "openai",
      Array.from({ length: 5 }, (_, at) => asks(call(`c${at}`, "weather", { city: "Oslo" }))),
    );
    const { stopReason, messages, steps } = await model.run("Weather?", { tools: [weather()], maxSteps: 3 });
    expect([stopReason, steps.length, server.requests.length]).toEqual(["max-steps", 3, 3]);
    expect(messages.at(-1)?.role).toBe("tool");
  });

  it("stops when stopWhen says so", async () => {
    const { model } = await modelThat("openai", [BOTH, SUNNY]);
    const { stopReason } = await model.run("Weather?", { tools: [weather()], stopWhen: (steps) => steps.length === 1 });
    expect(stopReason).toBe("stopped");
  });

  it("forces a tool only in its first step", async () => {
    const { model, server } = await modelThat("openai", [BOTH, SUNNY]);
    await model.run("Weather?", { tools: [weather()], toolChoice: "required" });
    expect(bodies(server).map((body) => JSON.parse(body).tool_choice)).toEqual(["required", "auto"]);
  });

  it("runs at most maxParallelTools at a time and sends results in the order of the calls", async () => {
    let running = 0;
    let most = 0;
    const gates = ["a", "b", "c", "d"].map(() => Promise.withResolvers<void>());
    const ordered = tool({
      name: "ordered",
      parameters: z.object({ at: z.number() }),
      execute: async ({ at }) => {
        most = Math.max(most, ++running);
        // The later call of a pair ends first.
        if (at % 2 === 1) gates[at - 1]?.resolve();
        else await gates[at]?.promise.then(() => new Promise(setImmediate));
        running--;
        return `result ${at}`;
      },
    });
    const calls = [0, 1, 2, 3].map((at) => call(`c${at}`, "ordered", { at }));
    const { model } = await modelThat("openai", [asks(...calls), SUNNY]);
    const events: RunEvent[] = [];
    const stream = model.runStream("Go.", { tools: [ordered], maxParallelTools: 2 });
    for await (const event of stream) events.push(event);
    const { messages } = await stream.result;
    expect(most).toBe(2);
    const seen = events.flatMap((event) => (event.type === "tool-result" ? [event.result.id] : []));
    expect(seen).toEqual(["c1", "c0", "c3", "c2"]);
    expect(JSON.stringify(messages[2])).toMatch(/c0.*c1.*c2.*c3/);
    expect(events.filter(({ type }) => type === "step")).toHaveLength(2);
  });

  it("cuts long results and tells the model", async () => {
    const long = tool({ name: "long", execute: () => "é".repeat(1000) });
    const { model } = await modelThat("openai", [asks(call("c1", "long", {})), SUNNY]);
    const { steps } = await model.run("Go.", { tools: [long], maxToolResultBytes: 200 });
    const content = String(steps[0]?.toolResults[0]?.content);
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(200);
    expect(content).toMatch(/^é+\n\[cut: the tool returned 2000 bytes, the limit is 200\]$/);
  });

  it("accepts an object of tools, with inputSchema", async () => {
    const { model } = await modelThat("openai", [BOTH, SUNNY]);
    const tools = { weather: tool({ inputSchema: z.object({ city: z.string() }), execute: ({ city }) => city }) };
    const { steps } = await model.run("Weather?", { tools });
    expect(steps[0]?.toolResults.map(({ content }) => content)).toEqual(["Lisbon", "Oslo"]);
  });

  it("ends at once when its caller aborts it, and aborts its tools", async () => {
    const caller = new AbortController();
    let reason: unknown;
    const hanging = tool({
      name: "hanging",
      execute: (_, { signal }) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
        });
        setImmediate(() => caller.abort());
        return new Promise(() => {});
      },
    });
    const quick = tool({ name: "quick", execute: () => "done" });
    const { model, server } = await modelThat("openai", [asks(call("c1", "quick", {}), call("c2", "hanging", {}))]);
    const error = await failureOf(model.run("Go.", { tools: [quick, hanging], signal: caller.signal }));
    expect(error.code).toBe("aborted");
    expect(reason).toBe(error);
    expect(server.requests).toHaveLength(1);
    // What has run is not run again.
    expect(error.run?.pending).toMatchObject([{ id: "c2", name: "hanging" }]);
    expect(error.run?.messages.at(-1)).toMatchObject({ role: "tool", content: [{ id: "c1" }] });
    expect(error.attempts).toHaveLength(1);
  });

  it("keeps a result that was delivered before its caller aborted it", async () => {
    const caller = new AbortController();
    const hanging = tool({ name: "hanging", execute: () => new Promise(() => {}) });
    const quick = tool({ name: "quick", execute: () => "done" });
    const { model } = await modelThat("openai", [asks(call("c1", "hanging", {}), call("c2", "quick", {}))]);
    const stream = model.runStream("Go.", { tools: [quick, hanging], signal: caller.signal });
    const error = await failureOf(
      (async () => {
        for await (const event of stream) if (event.type === "tool-result") caller.abort();
      })(),
    );
    expect(error.run?.pending.map(({ id }) => id)).toEqual(["c1"]);
    expect(error.run?.messages.at(-1)).toMatchObject({ role: "tool", content: [{ id: "c2", content: "done" }] });
  });

  it("starts no tool after it was aborted, and does not wait for a question of approval", async () => {
    const caller = new AbortController();
    const ran: string[] = [];
    const answer = Promise.withResolvers<boolean>();
    const pay = tool({
      name: "pay",
      needsApproval: () => {
        setImmediate(() => caller.abort());
        return answer.promise;
      },
      execute: () => ran.push("pay"),
    });
    const { model } = await modelThat("openai", [asks(call("c1", "pay", {}))]);
    const error = await failureOf(model.run("Go.", { tools: [pay], signal: caller.signal }));
    answer.resolve(false);
    await new Promise(setImmediate);
    expect([error.code, ran]).toEqual(["aborted", []]);
    // Nor an approved one.
    const messages = error.run?.messages ?? [];
    const again = await failureOf(model.run(messages, { tools: [pay], approved: ["c1"], signal: caller.signal }));
    expect([again.code, ran, again.run?.pending.length]).toEqual(["aborted", [], 1]);
  });

  it("ends when its reader leaves while a tool runs", async () => {
    const aborted = Promise.withResolvers<void>();
    const hanging = tool({
      name: "hanging",
      execute: (_, { signal }) => {
        signal.addEventListener("abort", () => aborted.resolve());
        return new Promise(() => {});
      },
    });
    const quick = tool({ name: "quick", execute: () => "done" });
    const { model } = await modelThat("openai", [asks(call("c1", "quick", {}), call("c2", "hanging", {}))]);
    const stream = model.runStream("Go.", { tools: [quick, hanging] });
    for await (const event of stream) if (event.type === "tool-result") break;
    await aborted.promise;
    expect((await failureOf(stream.result)).code).toBe("aborted");
  });

  it("keeps what was done when a later step fails", async () => {
    const server = await serving((request, index) =>
      index === 0
        ? writtenAnswer("openai", request, BOTH)
        : { status: 400, body: '{"error":{"message":"bad","type":"invalid_request_error"}}' },
    );
    const model = modelAt("openai", server.origin, PRICE);
    const error = await failureOf(model.run("Weather?", { tools: [weather()] }));
    expect(error.code).toBe("invalid_request");
    expect(error.attempts).toHaveLength(2);
    expect(error.run).toMatchObject({ steps: [{ toolResults: [{}, {}] }], pending: [] });
    expect(error.run?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
  });

  it("ends before the request for which its budget has nothing left", async () => {
    const server = await serving((request, index) =>
      writtenAnswer(
        "openai",
        request,
        request.body.includes("spend") ? { text: "Spent." } : { calls: [{ id: `c${index}`, name: "step", args: {} }] },
      ),
    );
    const budget = '[budgets.all]\nusd = 0.4\nperiod = "total"';
    const model = modelAt("openai", server.origin, `${PRICE}\nmax_new_tokens = 5\n${budget}`);
    let runs = 0;
    const step = tool({
      name: "step",
      execute: async () => {
        if (++runs === 2) while ((await model.safeCodegen("spend")).ok);
        return `result ${runs}`;
      },
    });
    const error = await failureOf(model.run("Go.", { tools: [step] }));
    expect(error.code).toBe("budget_exceeded");
    expect(error.run?.steps.map(({ toolResults }) => toolResults[0]?.content)).toEqual(["result 1", "result 2"]);
    expect(error.run?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant", "tool"]);
    expect([error.run?.pending, error.attempts.length]).toEqual([[], 2]);
    expect(server.requests.filter(({ body }) => body.includes('"Go."'))).toHaveLength(2);
    expect(server.requests.at(-1)?.body).toContain("spend");
  });

  it("reports an error that onStep throws", async () => {
    const { model } = await modelThat("openai", [BOTH, SUNNY]);
    const cause = new Error("no disk");
    const onStep = () => {
      throw cause;
    };
    const error = await failureOf(model.run("Weather?", { tools: [weather()], onStep }));
    expect(error).toMatchObject({ code: "rejected", cause });
    expect(error.run?.steps).toHaveLength(1);
  });

  it("is limited by the deadline as a whole", async () => {
    const { model, server } = await modelThat("openai", [BOTH, SUNNY], "deadline = 0.3");
    const slow = tool({ name: "weather", execute: () => new Promise(() => {}) });
    const error = await failureOf(model.run("Weather?", { tools: [slow] }));
    expect(error).toMatchObject({ code: "timed_out", phase: "deadline" });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    [{ maxSteps: 0 }, "maxSteps must be a positive integer"],
    [{ samples: 2 }, "samples must be 1"],
    [{ tools: [{ name: "x", execute: 5 }] }, 'tool "x": execute must be a function'],
    [{ tools: [{ name: "x", exec: () => {} }] }, 'unknown key "exec"'],
    [{ tools: { a: { name: "b" } } }, 'tools.a: the tool has the name "b"'],
    [{ approved: ["c9"] }, 'no open tool call has the id "c9"'],
    [{ maxStep: 3 }, 'unknown key "maxStep"'],
  ])("refuses %j before anything is sent", async (options, words) => {
    const { model, server } = await modelThat("openai", []);
    const error = await failureOf(model.run("Go.", options as never));
    expect(error.code).toBe("invalid_request");
    expect(error.message).toContain(words);
    expect(server.requests).toHaveLength(0);
  });

  it("belongs to the history of its session", async () => {
    const { model, server } = await modelThat("openai", [BOTH, SUNNY, { text: "You are welcome." }]);
    const session = model.session();
    const result: RunResult = await session.run("Weather?", { tools: [weather()] });
    expect(session.messages).toEqual(result.messages);
    await session.codegen("Thanks.");
    expect(session.messages).toHaveLength(6);
    expect(JSON.parse(bodies(server)[2] ?? "").messages).toHaveLength(6);
  });
});
