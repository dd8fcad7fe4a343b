import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { type Clock, isModelError, ModelError, type ModelEvent, type ModelStream } from "../../src/index.ts";

export { factoryOf, simulate } from "../simulated.ts";

export type Wire = "openai" | "openai-responses" | "anthropic" | "google";
export const WIRES: readonly Wire[] = ["openai", "openai-responses", "anthropic", "google"];

const ROUTES: Readonly<Record<Wire, string>> = {
  openai: 'provider = "openai"',
  "openai-responses": 'provider = "openai"\ncustom_llm_provider = "openai-responses"',
  anthropic: 'provider = "anthropic"\napi_version = "2023-06-01"',
  google: 'provider = "google"',
};

export interface EntryShape {
  readonly table?: string;
  readonly name?: string;
  /** False leaves prices to the catalog. */
  readonly priced?: boolean;
}

/** The table of one entry on a wire, with prices of its own; `lines` are further keys. */
export function entry(
  wire: Wire,
  url: string,
  lines = "",
  { table = "main", name = "some-model", priced = true }: EntryShape = {},
): string {
  const base = wire.startsWith("openai") ? `${url}/v1` : url;
  const pricing = priced ? "pricing = { input = 3, output = 15, cache_read = 0.3, cache_write = 3.75 }" : "";
  return `[models.${table}]\nname = "${name}"\napi_key = "test-key"\n${ROUTES[wire]}\nbase_url = "${base}"\n${pricing}\n${lines}\n`;
}

/** Retries that do not wait. */
export const AT_ONCE = 'retry_min_wait = "1ms"\nretry_max_wait = "1ms"';

/** Limits so long that a JumpingClock never reaches them. */
export const PATIENT = "connect_timeout = 900\nsilence_timeout = 900\nidle_timeout = 900\ntimeout = 900";

/** A clock that stands still but for waits, which it jumps over; what is as long as the limits of PATIENT never comes. */
export class JumpingClock implements Clock {
  #elapsedMs = 0;

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  schedule(run: () => void, delayMs: number): () => void {
    if (delayMs >= 600_000) return () => {};
    const timer = globalThis.setImmediate(() => {
      this.#elapsedMs += delayMs;
      run();
    });
    return () => clearImmediate(timer);
  }
}

export async function eventsOf(stream: ModelStream): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** What a promise rejects with; anything but a ModelError fails the test. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<ModelError> {
  const error = await Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isModelError(error)) expect(error, "expected a ModelError").toBeInstanceOf(ModelError);
  return error as ModelError;
}

/** Asks again on every turn of the event loop, at most for ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > 10_000) throw new Error("waited ten seconds in vain");
    await setImmediate();
  }
}

/** Some turns of the event loop, sockets included: time enough for anything that was going to happen by itself. */
export async function aWhile(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await setImmediate();
}

export interface Arrival {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface SmallServer {
  readonly url: string;
  readonly arrivals: Arrival[];
}

/** A server whose answers the test writes; a returned value is sent as JSON. */
export async function serve(answer: (arrival: Arrival, response: ServerResponse) => unknown): Promise<SmallServer> {
  const arrivals: Arrival[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const arrival = { path: request.url ?? "", body: JSON.parse(text) };
    arrivals.push(arrival);
    const said = answer(arrival, response);
    if (said !== undefined) response.setHeader("content-type", "application/json").end(JSON.stringify(said));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrivals };
}

/** Events as server-sent events; texts go out as they are. */
export function sendEvents(response: ServerResponse, events: readonly unknown[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    const name = typeof event === "object" && event !== null && "type" in event ? `event: ${String(event.type)}\n` : "";
    response.write(`${name}data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
  }
  response.end();
}

/** A chat answer as a body. */
export function chatBody(
  text: string,
  usage: object = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  finish = "stop",
): object {
  return {
    id: "c1",
    object: "chat.completion",
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: finish }],
    usage,
  };
}

/** The same chat answer as stream events, one per piece. */
export function chatEvents(
  pieces: readonly string[],
  usage: object | null = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  finish = "stop",
): unknown[] {
  const chunk = (delta: object, finish_reason: string | null) => ({
    id: "c1",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index: 0, delta, finish_reason }],
  });
  return [
    ...pieces.map((content, index) => chunk(index === 0 ? { role: "assistant", content } : { content }, null)),
    chunk({}, finish),
    ...(usage === null ? [] : [{ id: "c1", object: "chat.completion.chunk", model: "m", choices: [], usage }]),
    "[DONE]",
  ];
}
