import { isModelError, type ModelError, ModelFactory, type Reply } from "../../src/index.ts";
import { type FaultServerOptions, faultServer, type ReceivedRequest } from "../../src/testing/index.ts";
import type { Wire } from "../harness/wires.ts";
import { FastClock } from "./fast-clock.ts";

export type Method = "stream" | "codegen";
export const METHODS: readonly Method[] = ["stream", "codegen"];

/** What a call over a scripted server came to, on both sides of the wire. */
export interface Run {
  readonly reply: Reply | undefined;
  readonly error: ModelError | undefined;
  readonly requests: readonly ReceivedRequest[];
  /** Between an answer and the next request, milliseconds. */
  readonly waitsMs: readonly number[];
  readonly settledMs: number;
  /** Timers that were left behind. */
  readonly timers: number;
}

export interface RunOptions {
  readonly server: FaultServerOptions;
  readonly wire: Wire;
  readonly method: Method;
  /** Further keys of the entry. */
  readonly keys?: string;
  readonly prompt?: string;
  /** How much faster the library's clock goes. */
  readonly speed?: number;
}

/** How long a peer may take to see that a connection is closed. */
const CLOSE_WITHIN_MS = 3_000;

/** One call against one server. Rejects when a connection is left open, or when a call ends with a foreign error. */
export async function runScript({
  server: options,
  wire,
  method,
  keys = "",
  prompt = "Hello",
  speed = 1,
}: RunOptions): Promise<Run> {
  await using server = await faultServer(options);
  const clock = new FastClock(speed);
  await using factory = ModelFactory.parse(entry(wire, server.baseUrl(wire), keys), { env: {}, clock });
  const model = factory.create();
  const startedMs = performance.now();
  const outcome = await (method === "stream" ? model.stream(prompt).reply : model.codegen(prompt)).then(
    (reply) => ({ reply, error: undefined }),
    (error: unknown) => ({ reply: undefined, error: modelError(error) }),
  );
  const settledMs = performance.now() - startedMs;
  const timers = clock.pending;
  await server.expect({ closeWithin: CLOSE_WITHIN_MS });
  return { ...outcome, requests: server.requests, waitsMs: waitsBetween(server.requests), settledMs, timers };
}

/** Two retries that hardly wait, unless `keys` say otherwise. */
export function entry(wire: Wire, baseUrl: string, keys = ""): string {
  const retries = /^num_retries\b/m.test(keys) ? "" : "num_retries = 2";
  const waits = /^retry_min_wait\b/m.test(keys) ? "" : 'retry_min_wait = "1ms"\nretry_max_wait = "2ms"';
  return `
[models.m]
name = "some-model"
provider = "some-host"
custom_llm_provider = "${wire}"
base_url = "${baseUrl}"
api_key = "sk-canary-0123456789"
pricing = { input = 3, output = 15, cache_read = 0.3 }
${retries}
${waits}
${keys}
`;
}

function modelError(error: unknown): ModelError {
  if (isModelError(error)) return error;
  throw error;
}

function waitsBetween(requests: readonly ReceivedRequest[]): number[] {
  return requests.slice(1).map(({ arrivedMs }, index) => arrivedMs - (requests[index]?.playedMs ?? Number.NaN));
}
