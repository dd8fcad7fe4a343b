import { describe, expect, it } from "vitest";
import { isModelError, type ModelError } from "../../src/core/error.ts";
import type { ModelEvent } from "../../src/core/event.ts";
import type { Hooks } from "../../src/core/hooks.ts";
import type { Reply } from "../../src/core/reply.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf } from "../harness/scripted-factory.ts";
import { simulate, factoryOf as simulatedFactory } from "../harness/simulated.ts";

const failureOf = async (promise: Promise<unknown>): Promise<ModelError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isModelError(error)) throw new Error(`no ModelError: ${String(error)}`);
  return error;
};

async function bodiesWith(hooks: Hooks, options = {}): Promise<readonly Record<string, unknown>[]> {
  const simulator = await simulate();
  const model = simulatedFactory(entry("openai", simulator.url), { hooks }).create("main");
  await model.codegen("hello", options);
  await model.stream("hello", options).reply;
  return simulator.requests.map(({ body }) => body as Record<string, unknown>);
}

describe("before", () => {
  it("changes settings on the wire, for codegen and stream", async () => {
    const bodies = await bodiesWith({ before: () => ({ settings: { temperature: 0.25 } }) }, { seed: 5 });
    expect(bodies).toMatchObject([
      { temperature: 0.25, seed: 5 },
      { temperature: 0.25, seed: 5, stream: true },
    ]);
  });

  it("may return the request itself with changes, and remove a setting with undefined", async () => {
    const bodies = await bodiesWith(
      { before: async (request) => ({ ...request, settings: { ...request.settings, seed: undefined, topP: 0.5 } }) },
      { seed: 5, tools: [{ name: "look", description: "looks", parameters: { type: "object", properties: {} } }] },
    );
    for (const body of bodies) {
      expect(body).toMatchObject({ top_p: 0.5, tools: [{ function: { name: "look" } }] });
      expect(body).not.toHaveProperty("seed");
    }
  });

  it("replaces the messages", async () => {
    const [body] = await bodiesWith({
      before: ({ messages }) => ({ messages: [{ role: "system", content: "Be brief." }, ...messages] }),
    });
    expect(body).toMatchObject({ messages: [{ content: "Be brief." }, { content: "hello" }] });
  });

  it.each([
    [
      { settings: { temprature: 1 } },
      /before hook: settings: unknown key "temprature" \(did you mean "temperature"\?\)/,
    ],
    [{ settings: { temperature: "hot" } }, /main: before hook: options: .*temperature/],
    [{ setings: {} }, /before hook: unknown key "setings" \(did you mean "settings"\?\)/],
    [{ messages: [{ role: "nobody" }] }, /messages\[0\]/],
    ["no", /before hook: must return an object/],
  ])("is validated like call options: %j", async (change, message) => {
    const { model } = factoryOf({ main: ["hi"] }, "", { hooks: { before: () => change as never } });
    const error = await failureOf(model.codegen("hello"));
    expect(error).toMatchObject({ code: "invalid_request", attempts: [] });
    expect(error.message).toMatch(message);
  });

  const refusals: readonly [string, Hooks["before"]][] = [
    ["reject", () => ({ reject: "not today" })],
    ["a rejected promise", async () => Promise.reject(new Error("not today"))],
    [
      "throwing",
      () => {
        throw new Error("not today");
      },
    ],
  ];
  it.each(refusals)("refuses with %s, without a request", async (_, before) => {
    const { model, dialects } = factoryOf({ main: ["hi"] }, "", { hooks: { before } as Hooks });
    for (const ask of [() => model.codegen("hello"), () => model.stream("hello").reply]) {
      const error = await failureOf(ask());
      expect(error).toMatchObject({ code: "rejected", model: "main", attempts: [] });
      expect(error.message).toMatch(/^main: the before hook refused.*: not today$/);
    }
    expect(dialects["main"]?.calls).toEqual([]);
  });

  it("does not delay an abort", async () => {
    const { model } = factoryOf({ main: ["hi"] }, "", { hooks: { before: () => new Promise(() => {}) } });
    const controller = new AbortController();
    const asked = failureOf(model.codegen("hello", { signal: controller.signal }));
    controller.abort();
    expect((await asked).code).toBe("aborted");
  });
});

describe("after", () => {
  it("sees the reply that codegen returns", async () => {
    const seen: Reply[] = [];
    const { model } = factoryOf({ main: ["hi"] }, "", {
      hooks: { after: (reply) => void seen.push(reply) as undefined },
    });
    const reply = await model.codegen("hello");
    expect(seen).toEqual([reply]);
  });

  it("refuses with the partial answer and its attempts", async () => {
    const { model } = factoryOf({ main: ["bad words"] }, "", {
      hooks: { after: ({ text }) => (text.includes("bad") ? { reject: "bad words" } : undefined) },
    });
    const error = await failureOf(model.codegen("hello"));
    expect(error).toMatchObject({
      code: "rejected",
      message: "main: the after hook refused the answer: bad words",
      partial: { text: "bad words" },
      attempts: [{ outcome: "ok" }],
    });
  });

  it("refuses with false, and with an error that it throws", async () => {
    for (const after of [() => false as const, () => Promise.reject(new Error("no"))]) {
      const { model } = factoryOf({ main: ["hi"] }, "", { hooks: { after } });
      expect((await failureOf(model.codegen("hello"))).code).toBe("rejected");
    }
  });

  it.each([
    [{ rejct: "x" }, 'main: after hook: unknown key "rejct" (did you mean "reject"?)'],
    [{ reject: "x", more: 1 }, 'main: after hook: unknown key "more"'],
    [{}, 'main: after hook: must return nothing, false or an object { reject: "the reason" }'],
    [5, "main: after hook: must return nothing"],
    ["no", "main: after hook: must return nothing"],
    [["reject"], "main: after hook: must return nothing"],
  ])("fails the call if it returns %j", async (verdict, message) => {
    const { model } = factoryOf({ main: ["hi", "hi"] }, "", { hooks: { after: () => verdict as never } });
    const failure = await failureOf(model.codegen("hello"));
    expect(failure).toMatchObject({ code: "invalid_request", partial: { text: "hi" } });
    expect(failure.message).toContain(message);
    expect((await failureOf(model.stream("hello").reply)).message).toContain(message);
  });

  it("runs before a stream delivers its finish", async () => {
    const order: string[] = [];
    const { model } = factoryOf({ main: ["hi"] }, "", {
      hooks: { after: ({ text }) => void order.push(`after ${text}`) as undefined },
    });
    for await (const event of model.stream("hello")) order.push(event.type);
    expect(order).toEqual(["start", "text-delta", "usage", "after hi", "finish"]);
  });

  it("ends a stream without a finish if it refuses", async () => {
    const { model } = factoryOf({ main: ["hi"] }, "", { hooks: { after: () => ({ reject: "no" }) } });
    const events: ModelEvent[] = [];
    const read = async () => {
      for await (const event of model.stream("hello")) events.push(event);
    };
    expect(await failureOf(read())).toMatchObject({ code: "rejected", partial: { text: "hi" } });
    expect(events.map(({ type }) => type)).toEqual(["start", "text-delta", "usage"]);
  });

  it("sees the answer that started again, not the one that broke", async () => {
    const seen: string[] = [];
    const { model, clock } = factoryOf(
      { main: [[{ delta: "old" }, { finish: "stop" }, { error: { code: "protocol_error", message: "x" } }], "new"] },
      "",
      { hooks: { after: ({ text }) => void seen.push(text) as undefined } },
    );
    expect((await clock.settle(model.codegen("hello"))).text).toBe("new");
    expect(seen).toEqual(["new"]);
  });

  it("delivers no finish of an answer that started again", async () => {
    const { model, clock } = factoryOf(
      { main: [[{ delta: "old" }, { finish: "stop" }, { error: { code: "protocol_error", message: "x" } }], "new"] },
      '[defaults]\non_break = "restart"',
      { hooks: { after: () => undefined } },
    );
    const events: string[] = [];
    const read = async () => {
      for await (const event of model.stream("hello")) events.push(event.type);
    };
    await clock.settle(read());
    expect(events).toEqual(["start", "text-delta", "usage", "reset", "text-delta", "usage", "finish"]);
  });
});

describe("middleware", () => {
  it("wraps the call from the outermost in", async () => {
    const order: string[] = [];
    const named = (name: string): NonNullable<Hooks["middleware"]>[number] =>
      async function* (call, next) {
        order.push(`${name} in`);
        yield* next(call);
        order.push(`${name} out`);
      };
    const { model } = factoryOf({ main: ["hi"] }, "", {
      hooks: { middleware: [named("outer"), named("inner")], before: () => void order.push("before") as undefined },
    });
    await model.codegen("hello");
    expect(order).toEqual(["outer in", "inner in", "before", "inner out", "outer out"]);
  });

  it("may answer without calling next", async () => {
    const { model, dialects } = factoryOf({ main: ["hi"] }, "", {
      hooks: {
        middleware: [
          async function* () {
            yield [
              { type: "start", model: "canned", provider: "none" },
              { type: "text-delta", text: "canned", sample: 0 },
              { type: "finish", reason: "stop", sample: 0 },
            ];
          },
        ],
      },
    });
    const reply = await model.codegen("hello");
    expect(reply).toMatchObject({ text: "canned", model: "canned", attempts: [], cost: { usd: 0 } });
    expect((await model.stream("hello").reply).text).toBe("canned");
    expect(dialects["main"]?.calls).toEqual([]);
  });

  it("fails the call with rejected if it throws, and keeps the errors of the call", async () => {
    const broken = factoryOf({ main: ["hi"] }, "", {
      hooks: {
        middleware: [
          () => {
            throw new TypeError("odd");
          },
        ],
      },
    });
    expect(await failureOf(broken.model.codegen("hello"))).toMatchObject({
      code: "rejected",
      message: "main: a middleware failed: odd",
    });
    const failing = factoryOf({ main: [[{ error: { code: "not_found", message: "x" } }]] }, "", {
      hooks: { middleware: [(call, next) => next(call)] },
    });
    expect((await failureOf(failing.model.codegen("hello"))).code).toBe("not_found");
  });

  const MALFORMED = "must return an async iterable of batches of events (arrays), such as next(call)";
  const finish = { type: "finish", reason: "stop", sample: 0 };

  it.each([
    ["nothing", () => undefined, MALFORMED],
    ["a number", () => 5, MALFORMED],
    ["a promise", async () => [], MALFORMED],
    [
      "numbers",
      async function* () {
        yield 5;
      },
      MALFORMED,
    ],
    [
      "events without batches",
      async function* () {
        yield finish;
      },
      MALFORMED,
    ],
    [
      "batches of numbers",
      async function* () {
        yield [5];
      },
      MALFORMED,
    ],
    ["no batch", async function* () {}, "ended without a finish event"],
    [
      "no finish",
      async function* () {
        yield [{ type: "text-delta", text: "a", sample: 0 }];
      },
      "ended without a finish event",
    ],
  ])("fails the call with rejected and its index if it returns %s", async (_, middleware, message) => {
    const { model } = factoryOf({ main: ["hi", "hi"] }, "", {
      hooks: { middleware: [(call, next) => next(call), middleware as never] },
    });
    const expected = { code: "rejected", message: `main: middleware 1 ${message}` };
    expect(await failureOf(model.codegen("hello"))).toMatchObject(expected);
    expect(await failureOf(model.stream("hello").reply)).toMatchObject(expected);
  });

  it("is named in the error if it has a name", async () => {
    async function* guard() {}
    const { model } = factoryOf({ main: ["hi"] }, "", { hooks: { middleware: [guard] } });
    expect((await failureOf(model.codegen("hello"))).message).toBe(
      "main: middleware guard ended without a finish event",
    );
  });
});
