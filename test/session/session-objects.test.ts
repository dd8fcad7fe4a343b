import { describe, expect, test } from "vitest";
import { z } from "zod";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { chatBody, chatEvents, sendEvents, serve } from "../harness/small-server.ts";

const CITY = z.object({ city: z.string() });
const GOOD = '{"city":"Rome"}';
const BAD = '{"city":7}';

/** Answers with these texts in turn, as JSON or as a stream. */
async function sessionWith(...texts: readonly string[]) {
  let asked = 0;
  const { url, arrivals } = await serve(({ body }, response) => {
    const text = texts[asked++] ?? "";
    return (body as { stream?: boolean }).stream === true
      ? sendEvents(response, chatEvents([text.slice(0, 5), text.slice(5)]))
      : chatBody(text);
  });
  const session = factoryOf(entry("openai", url, "num_retries = 0"))
    .create()
    .session();
  return { session, arrivals, contents: () => session.messages.map(({ content }) => content) };
}

describe("an object of a session", () => {
  test("is kept as the text of the answer, and sent with the next call", async () => {
    const { session, arrivals, contents } = await sessionWith(GOOD, "fine");
    expect((await session.object(CITY, "Where?")).object).toEqual({ city: "Rome" });
    await session.codegen("And now?");
    expect(contents()).toEqual(["Where?", GOOD, "And now?", "fine"]);
    expect(JSON.stringify(arrivals[1]?.body)).toContain("Where?");
  });

  test("leaves the history unchanged if no answer satisfies the schema", async () => {
    const { session, contents } = await sessionWith(BAD, "fine");
    expect((await failureOf(session.object(CITY, "Where?", { repair: 0 }))).code).toBe("invalid_output");
    expect(contents()).toEqual([]);
    await session.codegen("Hi");
    expect(contents()).toEqual(["Hi", "fine"]);
  });

  test("keeps only the last answer of re-asks", async () => {
    const { session, contents } = await sessionWith(BAD, GOOD);
    await session.object(CITY, "Where?", { repair: 1 });
    expect(contents()).toEqual(["Where?", GOOD]);
  });
});

describe("a growing object of a session", () => {
  test.each(["object", "reply"] as const)(
    "is kept once its `%s` resolves, and the next call may start",
    async (what) => {
      const { session, contents } = await sessionWith(GOOD, "fine");
      await session.streamObject(CITY, "Where?")[what];
      expect(contents()).toEqual(["Where?", GOOD]);
      await session.codegen("Hi");
      expect(contents()).toHaveLength(4);
    },
  );

  test("is kept after it was iterated", async () => {
    const { session, contents } = await sessionWith(GOOD, "fine");
    const seen: unknown[] = [];
    for await (const partial of session.streamObject(CITY, "Where?")) seen.push(partial);
    expect(seen.at(-1)).toEqual({ city: "Rome" });
    await session.codegen("Hi");
    expect(contents()).toHaveLength(4);
  });

  test.each(["object", "reply"] as const)("that is invalid is not kept (`%s`)", async (what) => {
    const { session, contents } = await sessionWith(BAD, "fine");
    await Promise.allSettled([session.streamObject(CITY, "Where?")[what]]);
    expect(contents()).toEqual([]);
    await session.codegen("Hi");
    expect(contents()).toHaveLength(2);
  });
});

test("safeCodegen keeps a successful turn, and reports a failure without keeping it", async () => {
  const { session, contents } = await sessionWith("hello");
  expect(await session.safeCodegen("Hi")).toMatchObject({ ok: true, reply: { text: "hello" } });
  const outcome = await session.safeCodegen("Hi", { temperature: 99 });
  expect(outcome).toMatchObject({ ok: false, error: { code: "invalid_request" } });
  expect(contents()).toEqual(["Hi", "hello"]);
});
