import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isModelError, type ModelError, type ModelEvent, ModelFactory, type Reply } from "../../src/index.ts";
import { describeWith } from "../harness/needs.ts";
import { ANSWERS, entryFor, FAILURES, RECORDINGS, type Recording, saidBy } from "../harness/recording-files.ts";
import { type Expected, read } from "../harness/recording-reader.ts";
import { type Said, type WireServer, wireServer } from "../harness/wire-server.ts";
import { OUTSIDE } from "./recordings-outside.ts";

const STREAMS = ANSWERS.filter(({ events }) => events !== undefined);
const BODIES = ANSWERS.filter(({ body }) => body !== undefined);
const DEADLINE_MS = 10_000;

let server: WireServer;
let said: Said | undefined;
beforeAll(async () => {
  server = await wireServer(() => said);
});
afterAll(() => server.close());

interface Played {
  readonly events: readonly ModelEvent[];
  readonly reply: Reply;
}

/** Requests the recording as a stream in chunks of that size; no socket may remain when the factory is closed. */
async function playStream(recording: Recording, pieceBytes: number): Promise<Played> {
  said = saidBy(recording, pieceBytes);
  return connected(recording, async (model) => {
    const stream = model.stream("What was recorded?", { raw: true });
    const events: ModelEvent[] = [];
    for await (const event of stream) events.push(event);
    return { events, reply: await stream.reply };
  });
}

async function playBody(recording: Recording): Promise<Reply> {
  said = saidBy(recording);
  return connected(recording, (model) => model.codegen("What was recorded?", { raw: true }));
}

async function connected<T>(
  recording: Recording,
  use: (model: ReturnType<ModelFactory["get"]>) => Promise<T>,
): Promise<T> {
  const factory = ModelFactory.parse(entryFor(recording, "recorded", server.origin), { env: {} });
  const before = server.requests.length;
  try {
    return await use(factory.get("recorded"));
  } finally {
    await factory.close();
    await server.allClosed();
    expect(server.requests.length - before).toBe(1);
  }
}

/** The reply in the format of the recording reader. */
function seenIn(reply: Reply, expected: Expected) {
  const { input, cacheRead, cacheWrite, output, reasoning } = reply.usage;
  return {
    text: reply.text,
    reasoning: reply.reasoning ?? "",
    refusal: reply.refusal ?? "",
    calls: reply.toolCalls.map((call, index) => ({
      id: expected.calls[index]?.id && call.id,
      name: call.name,
      arguments: call.arguments,
    })),
    finish: reply.finishReason,
    usage: { input, cacheRead, cacheWrite, output, reasoning },
  };
}

function expectReply(reply: Reply, recording: Recording): void {
  const expected = read(recording);
  const { signatures: _, outside: __, usage, ...plain } = expected;
  const { usage: seenUsage, ...seen } = seenIn(reply, expected);
  expect(seen).toEqual(plain);
  // Zeros mean that nothing was counted, except with Anthropic, where the calls made by a program are free.
  const counted = recording.wire === "anthropic" || (usage !== undefined && usage.input + usage.output > 0);
  expect(reply.usage.estimated).toBe(!counted);
  if (counted) expect(seenUsage).toEqual(usage);
  expect(reply.usage.total).toBe(
    reply.usage.input + reply.usage.cacheRead + reply.usage.cacheWrite + reply.usage.output,
  );
  expect(reply.requestId).toBe("req-recorded");
  expect(reply.provider).toBe(recording.provider);
  for (const call of reply.toolCalls) expect(JSON.parse(call.json)).toEqual(call.arguments);
  for (const call of reply.toolCalls) expect(call.id).not.toBe("");
}

/** The deltas of a stream add up to its reply, and there is exactly one end. */
function expectEvents({ events, reply }: Played): void {
  const joined = (type: "text-delta" | "reasoning-delta") =>
    events.map((event) => (event.type === type ? event.text : "")).join("");
  expect(joined("text-delta")).toBe(reply.text);
  expect(joined("reasoning-delta")).toBe(reply.reasoning ?? "");
  expect(events.flatMap((event) => (event.type === "tool-call-end" ? [event.call] : []))).toEqual(reply.toolCalls);
  expect(events.filter((event) => event.type === "finish")).toHaveLength(1);
  expect(events.filter((event) => event.type === "start")).toHaveLength(1);
  expect(events.at(-1)?.type).toBe("finish");
  for (const [index, call] of reply.toolCalls.entries()) {
    const pieces = events.map((event) => (event.type === "tool-call-delta" && event.index === index ? event.json : ""));
    expect(pieces.join("")).toBe(call.json);
  }
}

function expectRaw({ events, reply }: Played, recording: Recording): void {
  const raw = events.flatMap((event) => (event.type === "raw" ? [event.event] : []));
  const end = raw.at(-1) === "[DONE]" ? raw.pop() : undefined;
  expect(raw).toEqual(recording.events);
  expect(end).toBe(recording.wire === "openai" ? "[DONE]" : undefined);
  const last = (reply.raw as string[]).filter((data) => data !== "[DONE]").map((data) => JSON.parse(data) as unknown);
  expect(last.length).toBeGreaterThan(0);
  // The last events, preceded by those with output that no other field has.
  expect(last.slice(-3)).toEqual(recording.events?.slice(-Math.min(last.length, 3)));
  const inOrder = recording.events?.reduce((found: number, event) => {
    return isDeepStrictEqual(event, last[found]) ? found + 1 : found;
  }, 0);
  expect(inOrder).toBe(last.length);
}

describeWith("recordings", "recordings", () => {
  test("are all present", () => {
    expect(new Set(RECORDINGS.map(({ file }) => file)).size).toBe(EXPECTED_FILES);
    for (const file of Object.keys(FAILURES)) expect(RECORDINGS.map((recording) => recording.file)).toContain(file);
  });

  describe("streams match the recording, in chunks of 1, 7 and 1460 bytes", () => {
    for (const recording of STREAMS) {
      test(recording.id, { timeout: DEADLINE_MS }, async () => {
        const replies: Reply[] = [];
        for (const pieceBytes of [1, 7, 1460]) {
          const played = await playStream(recording, pieceBytes);
          expectReply(played.reply, recording);
          expectEvents(played);
          expectRaw(played, recording);
          replies.push(played.reply);
        }
        const [first, ...others] = replies;
        for (const other of others) expect(other.message).toEqual(first?.message);
      });
    }
  });

  describe("bodies match the recording", () => {
    for (const recording of BODIES) {
      test(recording.id, { timeout: DEADLINE_MS }, async () => {
        const reply = await playBody(recording);
        expectReply(reply, recording);
        expect(reply.raw).toEqual(recording.body);
      });
    }
  });

  describe("bodies are accepted when a stream was requested", () => {
    for (const recording of BODIES) {
      test(recording.id, { timeout: DEADLINE_MS }, async () => {
        const played = await playStream(recording, 1460);
        expectReply(played.reply, recording);
        expectEvents(played);
        expect(played.reply.raw).toEqual(recording.body);
      });
    }
  });

  describe("failures map to their error code", () => {
    for (const [id, { code, status }] of Object.entries(FAILURES)) {
      test(`${id}: ${code}`, { timeout: DEADLINE_MS }, async () => {
        const recording = RECORDINGS.find((one) => one.id === id) as Recording;
        const failed = await (recording.events === undefined ? playBody(recording) : playStream(recording, 1460)).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(isModelError(failed)).toBe(true);
        const error = failed as ModelError;
        expect(error.code).toBe(code);
        expect(error.status).toBe(status);
        expect(error.requestId).toBe("req-recorded");
        expect(error.attempts).toHaveLength(1);
      });
    }
  });

  describe("content outside the canonical model is listed, and kept in raw", () => {
    test("the list is complete", () => {
      const found: Record<string, string[]> = {};
      for (const recording of ANSWERS) {
        const { outside } = read(recording);
        if (outside.length > 0)
          found[recording.file] = [...new Set([...(found[recording.file] ?? []), ...outside])].sort();
      }
      expect(Object.fromEntries(Object.entries(OUTSIDE).map(([file, { features }]) => [file, features]))).toEqual(
        found,
      );
    });

    for (const [file, { keeps }] of Object.entries(OUTSIDE)) {
      test(`${file}: ${keeps.length > 0 ? `the reply has ${keeps.join(" and ")}` : "only raw has it"}`, {
        timeout: DEADLINE_MS,
      }, async () => {
        const kept = new Set<string>();
        for (const recording of ANSWERS.filter((one) => one.file === file)) {
          const reply =
            recording.events === undefined ? await playBody(recording) : (await playStream(recording, 1460)).reply;
          if (reply.text !== "") kept.add("text");
          if (reply.reasoning !== undefined) kept.add("reasoning");
          for (const { name } of reply.toolCalls) kept.add(`call of ${name}`);
        }
        expect([...kept].sort()).toEqual(keeps);
      });
    }
  });
});

const EXPECTED_FILES = 120;
