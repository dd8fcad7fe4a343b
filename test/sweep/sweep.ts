import { expect } from "vitest";
import { isModelError, type Model, type ModelError, ModelFactory, type Reply } from "../../src/index.ts";
import { entryFor, type Recording } from "../harness/recording-files.ts";
import type { CutAnswer } from "./cut-answer.ts";
import { type Cut, type CutServer, cutServer } from "./cut-server.ts";

/** The call of the library that reads the answer. */
export type Reading = "stream" | "codegen";

export interface Sweep {
  readonly recording: Recording;
  readonly answer: CutAnswer;
  readonly cut: Cut;
  readonly reading: Reading;
  /** Numbers of bytes after which the answer is cut. */
  readonly places: readonly number[];
  /** Lines of the entry. */
  readonly keys?: string;
}

/** How one call ended. */
export interface Ended {
  readonly place: number;
  readonly reply?: Reply;
  readonly error?: ModelError;
  /** What a reader of the stream had seen. */
  readonly shown: string;
}

const IN_FLIGHT = { fin: 48, reset: 48, stall: 256 };
/** Longest time in which no call may end; each of them takes a millisecond where nobody else wants the machine. */
const PATIENCE_MS = 20_000;

/** Asks for the answer once for each place; no call may hang, and no connection may stay. */
export async function swept(sweep: Sweep): Promise<readonly Ended[]> {
  const server = await cutServer(sweep.answer, sweep.cut);
  const toml = entryFor(sweep.recording, "swept", server.origin, keysFor(sweep));
  const factory = ModelFactory.parse(toml, { env: {} });
  try {
    const all = await askedAll(factory.get("swept"), sweep);
    expect([...server.asked].filter(([, times]) => times !== 1)).toEqual([]);
    await expectClosed(server);
    return all;
  } finally {
    await factory.close();
    await server.close();
  }
}

function keysFor({ reading, recording, keys = "" }: Sweep): string {
  const streamed = reading === "stream" || recording.events !== undefined;
  return `circuit_breaker = false\nstream = ${streamed}\n${keys}`;
}

async function askedAll(model: Model, { reading, places, cut }: Sweep): Promise<readonly Ended[]> {
  const waiting = [...places];
  const pending = new Set<number>();
  const all: Ended[] = [];
  const worker = async () => {
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      pending.add(place);
      all.push(await READERS[reading](model, place));
      pending.delete(place);
    }
  };
  const working = Promise.all(Array.from({ length: IN_FLIGHT[cut] }, worker));
  await whileMoving(
    working,
    () => all.length,
    () => `cut after ${[...pending].join(", ")} bytes, the call never ended`,
  );
  return all;
}

const READERS: Readonly<Record<Reading, (model: Model, place: number) => Promise<Ended>>> = {
  async stream(model, place) {
    const stream = model.stream(`after ${place}`);
    let shown = "";
    let finishes = 0;
    try {
      for await (const event of stream) {
        if (event.type === "text-delta") shown += event.text;
        if (event.type === "finish") finishes++;
      }
      expect(finishes).toBe(1);
      return { place, shown, reply: await stream.reply };
    } catch (error) {
      expect(finishes).toBe(0);
      return { place, shown, error: modelErrorIn(error, place) };
    }
  },
  async codegen(model, place) {
    const outcome = await model.safeCodegen(`after ${place}`);
    if (outcome.ok) return { place, shown: outcome.reply.text, reply: outcome.reply };
    return { place, shown: outcome.error.partial?.text ?? "", error: modelErrorIn(outcome.error, place) };
  },
};

function modelErrorIn(error: unknown, place: number): ModelError {
  if (!isModelError(error)) throw new Error(`cut after ${place} bytes: a raw error`, { cause: error });
  return error;
}

/** The server's own view: nobody holds a connection of a call that is over. */
async function expectClosed(server: CutServer): Promise<void> {
  await whileMoving(
    server.allClosed(),
    () => server.open,
    () => `${server.open} connections were never closed`,
  );
}

/** Fails when nothing moves any more, however slow the machine is as long as something does. */
async function whileMoving(work: Promise<unknown>, moved: () => number, problem: () => string): Promise<void> {
  let before = -1;
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (moved() === before) reject(new Error(problem()));
      before = moved();
    }, PATIENCE_MS);
  });
  await Promise.race([work, stuck]).finally(() => clearInterval(timer));
}
