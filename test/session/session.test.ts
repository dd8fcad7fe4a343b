import { describe, expect, test } from "vitest";
import type { Message, Reply, Session } from "../../src/index.ts";
import { AT_ONCE, entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, chatEvents, sendEvents, serve } from "../harness/small-server.ts";
import { aWhile } from "../harness/waits.ts";
import { WIRES } from "../harness/wires.ts";

const WEATHER = {
  name: "get_weather",
  description: "The weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

interface Sent {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}
const contents = (body: unknown) => (body as Sent).messages.map(({ content }) => content);

function resultsOf(reply: Reply): Message[] {
  return [
    { role: "tool", content: reply.toolCalls.map(({ id }) => ({ type: "tool-result", id, content: "21 degrees" })) },
  ];
}

/** Answers "re: " and the last question. */
const parrot = () => serve(({ body }) => chatBody(`re: ${contents(body).at(-1)}`));

describe("a session", () => {
  test.each(WIRES)("sends the history on the %s wire", async (wire) => {
    const simulator = await simulate();
    const session = factoryOf(entry(wire, simulator.url)).create().session();
    const first = await session.codegen("The first question.");
    await session.stream("The second question.").reply;
    const body = JSON.stringify(simulator.requests[1]?.body);
    for (const text of ["The first question.", first.text.slice(0, 12), "The second question."])
      expect(body).toContain(JSON.stringify(text).slice(1, -1));
    expect(session.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
  });

  test("keeps the last `memory` messages, and sends them before the new input", async () => {
    const { url, arrivals } = await parrot();
    const session = factoryOf(entry("openai", url)).create().session({ memory: 4 });
    for (const question of ["one", "two", "three", "four"]) await session.codegen(question);
    expect(arrivals.map(({ body }) => contents(body))).toEqual([
      ["one"],
      ["one", "re: one", "two"],
      ["one", "re: one", "two", "re: two", "three"],
      ["two", "re: two", "three", "re: three", "four"],
    ]);
    expect(session.messages.map(({ content }) => content)).toEqual(["three", "re: three", "four", "re: four"]);
  });

  test("drops complete turns, so that the history starts with a user message", async () => {
    const { url } = await parrot();
    const session = factoryOf(entry("openai", url)).create().session({ memory: 3 });
    for (const question of ["one", "two", "three"]) await session.codegen(question);
    expect(session.messages.map(({ content }) => content)).toEqual(["three", "re: three"]);
  });

  test("never separates a call from its result, even when a turn is longer than `memory`", async () => {
    const simulator = await simulate();
    const session = factoryOf(entry("openai", simulator.url)).create().session({ memory: 1 });
    await session.codegen("Hello");
    const asked = await session.codegen("Call get_weather.", { tools: [WEATHER] });
    expect(session.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    const answered = await session.codegen(resultsOf(asked), { tools: [WEATHER] });
    expect(answered.finishReason).toBe("stop");
    expect(session.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    await session.codegen("Thanks");
    expect(session.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(simulator.requests.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test("sends instructions with every call: those of the entry, its own, and those of the input", async () => {
    const { url, arrivals } = await parrot();
    const model = factoryOf(entry("openai", url, 'system = "of the entry"')).create();
    const own = model.session({ memory: 2, system: "of the session" });
    await own.codegen("one");
    await own.codegen("two", { system: "of the call" });
    await own.codegen("three", { system: undefined });
    expect(arrivals.map(({ body }) => contents(body)[0])).toEqual(["of the session", "of the call", "of the session"]);
    const told = model.session({ memory: 2 });
    const input = (content: string) => [{ role: "system", content: "of the input" } as const, question(content)];
    await told.codegen(input("one"));
    await told.codegen(input("two"));
    await told.codegen("three");
    expect(contents(arrivals.at(-1)?.body)).toEqual(["of the entry", "of the input", "two", "re: two", "three"]);
  });

  test("keeps the history unchanged after a failed call", async () => {
    const { url } = await serve(({ body }, response) => {
      if (!contents(body).includes("bad")) return chatBody("good");
      response.statusCode = 500;
      return {};
    });
    const session = factoryOf(entry("openai", url, `num_retries = 1\n${AT_ONCE}`))
      .create()
      .session();
    await session.codegen("one");
    const before = session.messages;
    expect((await failureOf(session.codegen("bad"))).code).toBe("server_error");
    expect((await failureOf(session.stream("bad").reply)).code).toBe("server_error");
    expect((await failureOf(session.codegen("two", { temperature: 99 }))).code).toBe("invalid_request");
    expect((await failureOf(session.stream("two", { temperature: 99 }).reply)).code).toBe("invalid_request");
    expect(session.messages).toBe(before);
    await session.codegen("two");
    expect(session.messages).toHaveLength(4);
  });

  test("keeps the history unchanged after a truncated or abandoned stream", async () => {
    let cut = true;
    const { url } = await serve((_, response) => {
      if (!cut) return sendEvents(response, chatEvents(["all ", "of it"]));
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(chatEvents(["half"])[0])}\n\n`);
      setImmediate(() => response.destroy());
      return undefined;
    });
    const session = factoryOf(entry("openai", url, "num_retries = 0"))
      .create()
      .session();
    const error = await failureOf(session.stream("one").reply);
    expect([error.code, error.partial?.text]).toEqual(["stream_truncated", "half"]);
    expect(session.messages).toEqual([]);
    cut = false;
    for await (const _ of session.stream("one").text) break;
    expect(session.messages).toEqual([]);
    await session.stream("one").reply;
    expect(session.messages.map(({ content }) => content)).toEqual(["one", "all of it"]);
  });

  test("rejects a second call while one is in progress", async () => {
    const { url, arrivals } = await parrot();
    const session = factoryOf(entry("openai", url)).create().session();
    const [first, second] = await Promise.allSettled([session.codegen("one"), session.codegen("two")]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({ reason: { code: "invalid_request" } });
    expect((second as PromiseRejectedResult).reason.message).toContain("call in progress");
    expect(arrivals).toHaveLength(1);
    await session.codegen("two");
    expect(session.messages).toHaveLength(4);
  });

  test("is not busy before the first read of a stream, and after it is closed", async () => {
    const { url } = await serve(({ body }, response) =>
      body["stream"] === true ? sendEvents(response, chatEvents(["a", "b"])) : chatBody("whole"),
    );
    const session = factoryOf(entry("openai", url)).create().session();
    const later = session.stream("later");
    await session.codegen("first");
    const events = later[Symbol.asyncIterator]();
    await events.next();
    expect((await failureOf(session.codegen("now"))).message).toContain("call in progress");
    await events.return?.();
    await session.codegen("now");
    expect(session.messages.filter(({ role }) => role === "user").map(({ content }) => content)).toEqual([
      "first",
      "now",
    ]);
  });

  test("clear() deletes everything, including the answer of a running call", async () => {
    const { url, arrivals } = await parrot();
    const session = factoryOf(entry("openai", url)).create().session();
    await session.codegen("one");
    const running = session.codegen("two");
    session.clear();
    expect((await running).text).toBe("re: two");
    expect(session.messages).toEqual([]);
    await session.codegen("three");
    expect(contents(arrivals.at(-1)?.body)).toEqual(["three"]);
  });

  test("stays usable after an abort", async () => {
    const { url } = await serve(({ body }) => (contents(body).at(-1) === "hang" ? undefined : chatBody("good")));
    const session = factoryOf(entry("openai", url)).create().session();
    const controller = new AbortController();
    const hanging = failureOf(session.codegen("hang", { signal: controller.signal }));
    await aWhile();
    controller.abort();
    expect((await hanging).code).toBe("aborted");
    await session.codegen("one");
    expect(session.messages.map(({ content }) => content)).toEqual(["one", "good"]);
  });

  test("continues with the first of several samples", async () => {
    const simulator = await simulate();
    const session = factoryOf(entry("openai", simulator.url)).create().session();
    const reply = await session.codegen("Hello", { samples: 2 });
    expect(session.messages).toEqual([question("Hello"), reply.message]);
  });
});

describe("the history of a session", () => {
  test("survives JSON with tools and signatures, and continues in another session", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("anthropic", simulator.url, "", { name: "claude-sonnet-4-5" })).create();
    const options = { tools: [WEATHER], reasoningEffort: "low" } as const;
    const session = model.session();
    const reply = await session.codegen("Call get_weather.", options);
    const thawed = model.session({ messages: JSON.parse(JSON.stringify(session)) });
    expect(thawed.messages).toEqual(session.messages);
    await session.codegen(resultsOf(reply), options);
    await thawed.codegen(resultsOf(reply), options);
    expect(simulator.requests[2]?.body).toEqual(simulator.requests[1]?.body);
  });

  test("continues with another model of another provider", async () => {
    const simulator = await simulate();
    const toml =
      entry("openai", simulator.url) +
      entry("anthropic", simulator.url, "", { table: "other" }) +
      entry("google", simulator.url, "", { table: "third" });
    const factory = factoryOf(toml);
    let session: Session = factory.get("main").session();
    let input: string | Message[] = "Call get_weather.";
    for (const name of ["main", "other", "third"]) {
      session = factory.get(name).session({ messages: session.messages });
      const reply: Reply = await session.codegen(input, { tools: [WEATHER] });
      input = reply.toolCalls.length > 0 ? resultsOf(reply) : "Are you sure?";
    }
    expect(simulator.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(JSON.stringify(simulator.requests[2]?.body)).toContain("21 degrees");
    expect(session.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
      "assistant",
    ]);
  });

  test("is not affected by changes to the input, and accepts OpenAI's format", async () => {
    const { url } = await parrot();
    const session = factoryOf(entry("openai", url)).create().session();
    const input = [{ role: "developer", content: "Be brief." } as const, { role: "user" as const, content: "one" }];
    await session.codegen(input);
    (input[1] as { content: string }).content = "changed";
    expect(session.messages.slice(0, 2)).toEqual([{ role: "system", content: "Be brief." }, question("one")]);
  });

  test("counts usage under the tags of each call", async () => {
    const { url } = await parrot();
    const factory = factoryOf(entry("openai", url));
    await factory
      .create()
      .session()
      .codegen("one", { tags: ["talk"] });
    expect(factory.usage("tag")["talk"]?.calls).toBe(1);
  });
});

describe("a session is rejected", () => {
  const model = () => factoryOf(entry("openai", "http://127.0.0.1:9")).create();

  test.each([0, -1, 1.5, Number.NaN, "3"])("with memory %j", async (memory) => {
    await expectRefused(() => model().session({ memory: memory as number }), "memory must be a positive integer");
  });

  test("with an unknown option", async () => {
    await expectRefused(() => model().session({ memroy: 3 } as never), 'did you mean "memory"');
    await expectRefused(() => model().session(null as never), "session: options must be an object");
  });

  test("with an invalid history", async () => {
    await expectRefused(() => model().session({ messages: "Hello" as never }), "expected an array of messages");
    const messages = [{ role: "tool", content: [{ type: "tool-result", id: "1", content: "" }] }] as const;
    await expectRefused(() => model().session({ messages }), "does not match an open tool call");
  });

  test("with invalid input, and with a message where results are missing", async () => {
    const session = model().session();
    for (const input of ["", " ", [], null, 7])
      expect((await failureOf(session.codegen(input as never))).code).toBe("invalid_request");
    const call = { type: "tool-call", id: "1", name: "f", arguments: {} } as const;
    const open = model().session({ messages: [question("q"), { role: "assistant", content: [call] }] });
    expect((await failureOf(open.codegen("Hello"))).message).toContain('tool call "1" (f) has no result');
  });

  async function expectRefused(make: () => unknown, words: string): Promise<void> {
    const error = await failureOf((async () => make())());
    expect(error.code).toBe("invalid_request");
    expect(error.message).toContain(words);
  }
});

function question(content: string): Message {
  return { role: "user", content };
}
