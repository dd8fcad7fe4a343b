import { expect, test } from "vitest";
import { describeWith } from "../harness/needs.ts";
import { RECORDINGS, type Recording, type Tree } from "../harness/recording-files.ts";
import { read } from "../harness/recording-reader.ts";
import { bodyAnswer, type CutAnswer, type Framing, streamAnswer } from "./cut-answer.ts";
import type { Cut } from "./cut-server.ts";
import { type Ended, type Reading, type Sweep, swept } from "./sweep.ts";

interface SweptFiles {
  /** Recorded streams, without the events of these types: they repeat what others say, and are long. */
  readonly streams: readonly string[];
  readonly without?: readonly string[];
  /** Recorded bodies that are no streams. */
  readonly bodies: readonly string[];
}

const LIMIT_MS = 300_000;

/** Every kind of end, in every framing, by both ways to read, without sweeping everything times everything. */
const STREAM_SWEEPS: readonly (readonly [Cut, Framing, Reading])[] = [
  ["fin", "close", "stream"],
  ["reset", "chunked", "stream"],
  ["fin", "length", "codegen"],
  ["stall", "chunked", "stream"],
];
const BODY_SWEEPS: readonly (readonly [Cut, Framing])[] = [
  ["fin", "close"],
  ["fin", "length"],
  ["reset", "chunked"],
];
const IMPATIENT = 'first_token_timeout = "100ms"';

/** SQLite's anomaly loop on a wire: whatever the byte after which the answer breaks off, the outcome is the truth. */
export function describeSweep({ streams, without = [], bodies }: SweptFiles): void {
  describeWith("recordings", "an answer truncated after any byte is never reported as complete", () => {
    for (const id of streams) {
      for (const [cut, framing, reading] of STREAM_SWEEPS) {
        test(`${id}: ${cut}, framed by ${framing}, read by ${reading}`, { timeout: LIMIT_MS }, async () => {
          const recording = shortened(id, without);
          const answer = streamAnswer(recording, framing);
          const keys = cut === "stall" ? 'silence_timeout = "50ms"' : "";
          const places =
            reading === "codegen"
              ? [...everySeventh(0, answer.bytes.length), answer.bytes.length]
              : placesOf(answer, cut);
          await expectTruth({ recording, answer, cut, reading, keys, places }, framing);
        });
      }
    }
    test("times out when a server stops sending within the response headers", { timeout: LIMIT_MS }, async () => {
      const recording = shortened(streams[0] as string, without);
      const answer = streamAnswer(recording, "chunked");
      const places = everySeventh(0, answer.headEnd);
      for (const ended of await swept({ recording, answer, cut: "stall", reading: "stream", keys: IMPATIENT, places }))
        expect(ended.error).toMatchObject({ code: "timed_out", phase: "first-token", partial: undefined });
    });
    for (const id of bodies) {
      for (const [cut, framing] of BODY_SWEEPS) {
        test(`${id}: ${cut}, framed by ${framing}`, { timeout: LIMIT_MS }, async () => {
          const recording = shortened(id, []);
          const answer = bodyAnswer(recording, framing);
          await expectTruth({ recording, answer, cut, reading: "codegen", places: placesOf(answer, cut) }, framing);
        });
      }
    }
  });
}

function shortened(id: string, without: readonly string[]): Recording {
  const found = RECORDINGS.find((recording) => recording.id === id) as Recording;
  if (found.events === undefined) return found;
  return { ...found, events: thinned(found.events.filter(({ type }) => !without.includes(String(type)))) };
}

/** Of the pieces of one text of an Anthropic answer only the first two: more of the same takes time and tells nothing. */
function thinned(events: readonly Tree[]): readonly Tree[] {
  const seen = new Map<string, number>();
  return events.filter(({ index, delta }) => {
    const { type } = (delta ?? {}) as Tree;
    if (type !== "text_delta" && type !== "thinking_delta") return true;
    const kind = `${type} ${index}`;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    return (seen.get(kind) ?? 0) <= 2;
  });
}

function placesOf({ bytes, headEnd }: CutAnswer, cut: Cut): readonly number[] {
  if (cut !== "stall") return Array.from({ length: bytes.length + 1 }, (_, place) => place);
  // The first byte of the body starts the silence clock. In chunks it comes after a line with their size.
  const first = bytes.indexOf("\r\n", headEnd) + 3;
  return Array.from({ length: bytes.length + 1 - first }, (_, index) => first + index);
}

/** What is read another way, or before its body, is sampled; a prime step meets every place of an event and of a character. */
function everySeventh(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.ceil((to - from) / 7) }, (_, index) => from + 7 * index);
}

async function expectTruth(sweep: Sweep, framing: Framing): Promise<void> {
  const all = await swept(sweep);
  expect(all).toHaveLength(sweep.places.length);
  const whole = all.find(({ place }) => place === sweep.answer.bytes.length) as Ended;
  expectRecorded(whole, sweep.recording);
  const { mayEnd, mustEnd } = sweep.answer;
  for (const ended of all) {
    if (ended.reply !== undefined) expect(ended.place, "an answer without its end").toBeGreaterThanOrEqual(mayEnd);
    if (ended.error !== undefined) expect(ended.place, "a whole answer was refused").toBeLessThan(mustEnd);
    if (ended.reply !== undefined) expect(shapeOf(ended), `after ${ended.place} bytes`).toEqual(shapeOf(whole));
    else expectFailure(ended, whole, expectedCode(sweep, ended.place, framing));
  }
}

/** The sweep measures against the recording itself, read without the code under test. */
function expectRecorded({ reply }: Ended, recording: Recording): void {
  const { text, reasoning, calls } = read(recording);
  expect(reply).toMatchObject({
    text,
    toolCalls: calls.map(({ name, arguments: given }) => ({ name, arguments: given })),
  });
  expect(reply?.reasoning ?? "").toBe(reasoning);
}

function shapeOf({ reply, shown }: Ended): unknown {
  const { text, reasoning, toolCalls, finishReason } = reply ?? {};
  return { text, reasoning, toolCalls, finishReason, shown };
}

function expectedCode({ answer, cut, recording }: Sweep, place: number, framing: Framing): string {
  if (place < answer.headEnd) return "connection_failed";
  if (cut === "stall") return "timed_out silence";
  if (recording.events !== undefined) return "stream_truncated";
  // Nothing tells an empty body that ends with its connection from one that was meant to be empty.
  return framing === "close" && place === answer.headEnd ? "protocol_error" : "connection_failed";
}

/** The right class, and a partial that is the beginning of the whole. */
function expectFailure({ place, error, shown }: Ended, whole: Ended, code: string): void {
  const after = `after ${place} bytes`;
  expect([error?.code, error?.phase].filter(Boolean).join(" "), after).toBe(code);
  expect(error?.attempts, after).toHaveLength(1);
  const { text, reasoning, toolCalls } = error?.partial ?? { text: "", reasoning: "", toolCalls: [] };
  expect(whole.reply?.text.startsWith(text), after).toBe(true);
  expect(whole.reply?.reasoning?.startsWith(reasoning) ?? reasoning === "", after).toBe(true);
  expect(toolCalls, after).toEqual(whole.reply?.toolCalls.slice(0, toolCalls.length));
  expect(shown, after).toBe(text);
}
