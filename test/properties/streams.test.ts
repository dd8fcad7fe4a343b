import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FlowEvent } from "../../src/core/event.ts";
import { ReplyFold } from "../../src/core/reply.ts";
import type { Seen } from "../harness/call-of.ts";
import type { Tree } from "../harness/recording-files.ts";
import type { Wire } from "../harness/wires.ts";
import { cutAt, readBytes, WIRES } from "./wire-bytes.ts";
import { PLAIN, WRITERS, type Writing, type WrittenCall, writtenAs } from "./wire-writer.ts";

const RUNS = { numRuns: 1_000 };

const text = fc.string({ unit: "binary", maxLength: 30 }).map((one) => one.toWellFormed());
const writing: fc.Arbitrary<Writing> = fc.record({
  eol: fc.constantFrom("\n", "\r\n", "\r"),
  mark: fc.boolean(),
  space: fc.boolean(),
  comments: fc.array(
    text.map((one) => one.replace(/[\r\n]/g, "")),
    { maxLength: 6 },
  ),
});
const places = fc.array(fc.nat(2_000), { maxLength: 40, size: "max" });

const joined = (events: readonly FlowEvent[], type: "text-delta") =>
  events.map((event) => (event.type === type ? event.text : "")).join("");

function folded({ events, error }: Seen) {
  expect(error).toBeUndefined();
  const fold = new ReplyFold();
  for (const event of events) fold.push(event);
  const facts = {
    callId: "call-1",
    attempts: [],
    latencyMs: 0,
    firstTokenMs: 0,
    requestId: "",
    rateLimit: undefined,
    raw: undefined,
  };
  const breakdown = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 };
  return fold.reply({ ...facts, cost: { usd: null, breakdown, estimated: false } });
}

describe.each(WIRES)("a stream on the wire %s", (wire) => {
  const { begin, text: textEvent, call: callEvents, end } = WRITERS[wire];

  test("property 1: deltas add up to the sent text for any split, line ends and comments", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text), writing, places, async (pieces, how, cuts) => {
        const bytes = writtenAs([...begin(), ...pieces.map(textEvent), ...end()], how);
        const seen = await readBytes(wire, cutAt(bytes, cuts));
        expect(joined(seen.events, "text-delta")).toBe(pieces.join(""));
        expect(folded(seen).text).toBe(pieces.join(""));
      }),
      RUNS,
    );
  });

  test("property 2: interleaved fragments add up to the sent calls, each once", async () => {
    await fc.assert(
      fc.asyncProperty(calls, fc.infiniteStream(fc.nat()), writing, places, async (sent, order, how, cuts) => {
        const fragments = interleaved(sent.map(callEvents), order, wire);
        const seen = await readBytes(wire, cutAt(writtenAs([...begin(), ...fragments, ...end()], how), cuts));
        expectCalls(seen, sent);
      }),
      RUNS,
    );
  });

  test("property 5: emits one finish event for each sample, and nothing after it", async () => {
    await fc.assert(
      fc.asyncProperty(eventsOf(wire, true), places, async (events, cuts) => {
        expectOneEnd(await readBytes(wire, cutAt(writtenAs(events, PLAIN), cuts)));
      }),
      RUNS,
    );
  });

  test("property 6: never reports an answer without a terminal event as complete", async () => {
    await fc.assert(
      fc.asyncProperty(eventsOf(wire, false), places, async (events, cuts) => {
        const { error, events: seen } = await readBytes(wire, cutAt(writtenAs(events, PLAIN), cuts));
        expect(error).toBeDefined();
        expect(seen.map(({ type }) => type)).not.toContain("finish");
      }),
      RUNS,
    );
  });
});

test("property 2: joins fragments of a chat answer by index, id, or both", async () => {
  const marks = fc.constantFrom("index", "id", "both");
  await fc.assert(
    fc.asyncProperty(calls, marks, fc.infiniteStream(fc.nat()), async (sent, mark, order) => {
      const written = sent.map((call, index) => fragmentsWith(mark, call, index));
      const fragments = interleaved(written, order, "openai");
      const bytes = writtenAs([...fragments, ...WRITERS.openai.end()], PLAIN);
      expectCalls(await readBytes("openai", [bytes]), sent);
    }),
    RUNS,
  );
});

const calls: fc.Arbitrary<readonly WrittenCall[]> = fc
  .array(
    fc.tuple(fc.constantFrom("get", "set", "run"), fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.nat(60))),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((all) =>
    all.map(([name, value, cuts], index) => {
      return { id: `call_${index}`, name, pieces: cutText(JSON.stringify(value), cuts) };
    }),
  );

function cutText(whole: string, cuts: readonly number[]): readonly string[] {
  const sorted = [0, ...cuts.filter((cut) => cut < whole.length), whole.length].sort((left, right) => left - right);
  return sorted.slice(1).map((to, index) => whole.slice(sorted[index], to));
}

function fragmentsWith(mark: string, { id, name, pieces }: WrittenCall, index: number): readonly Tree[] {
  return pieces.map((piece, at) => {
    const first = at === 0;
    const given = {
      ...(mark !== "id" && { index }),
      ...((mark !== "index" || first) && { id }),
      function: { ...(first && { name }), arguments: piece },
    };
    return { id: "c", choices: [{ index: 0, delta: { tool_calls: [given] } }] };
  });
}

/** One list out of several, each in its own order; the beginnings stay in order, as calls are numbered by them. */
function interleaved(lists: readonly (readonly Tree[])[], order: fc.Stream<number>, wire: Wire): readonly Tree[] {
  // Gemini's calls are whole, and an answer of its wire has one call open at a time.
  if (wire === "google") return lists.flat();
  const left = lists.map((list) => list.slice(1));
  const out = lists.map((list) => list[0] as Tree);
  for (
    let rest = left.filter((list) => list.length > 0);
    rest.length > 0;
    rest = rest.filter((list) => list.length > 0)
  ) {
    const chosen = rest[(order.next().value as number) % rest.length] as Tree[];
    out.push(chosen.shift() as Tree);
  }
  return out;
}

function expectCalls(seen: Seen, sent: readonly WrittenCall[]): void {
  const { toolCalls } = folded(seen);
  const plain = (one: { id: string; name: string; json: string }) => `${one.id} ${one.name} ${one.json}`;
  // Written anew where a wire sends values and no text; equal as JSON is what counts there.
  const wanted = sent.map(({ id, name, pieces }) => ({ id, name, json: JSON.stringify(JSON.parse(pieces.join(""))) }));
  expect(toolCalls.map(plain).sort()).toEqual(wanted.map(plain).sort());
  for (const call of toolCalls) {
    const start = seen.events.find((event) => event.type === "tool-call-start" && event.id === call.id);
    const pieces = seen.events.flatMap((event) =>
      event.type === "tool-call-delta" && start?.type === "tool-call-start" && event.index === start.index
        ? [event.json]
        : [],
    );
    expect(pieces.join("")).toBe(call.json);
  }
}

/** Events a server of this wire may send, in any order and any number; without `ends`, none of those that end an answer. */
function eventsOf(wire: Wire, ends: boolean): fc.Arbitrary<readonly (Tree | string)[]> {
  const { begin, text: textEvent, call, end } = WRITERS[wire];
  const pool: (Tree | string)[] = [
    ...begin(),
    textEvent("a"),
    textEvent("b"),
    ...call({ id: "c0", name: "get", pieces: ['{"a"', ":1}"] }, 0),
    ...call({ id: "c1", name: "set", pieces: ["{}"] }, 1),
    { type: "ping" },
    { choices: [], candidates: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
    ...(ends ? end() : []),
  ];
  const any = fc.array(fc.constantFrom(...pool), { maxLength: 12, size: "max" });
  if (!ends) return any;
  const proper = any.map((middle) => [...begin(), ...middle, ...end(), ...middle]);
  return fc.oneof(any, proper);
}

function expectOneEnd({ events, error }: Seen): void {
  const finishes = events.flatMap((event) => (event.type === "finish" ? [event.sample] : []));
  if (error !== undefined) {
    expect(finishes).toEqual([]);
    return;
  }
  const samples = new Set(events.flatMap((event) => ("sample" in event ? [event.sample] : [])));
  expect(finishes.toSorted()).toEqual([...samples].sort());
  expect(events.slice(-finishes.length).every(({ type }) => type === "finish")).toBe(true);
}
