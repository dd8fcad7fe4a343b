import { isModelError, type ModelError, ModelFactory, type Reply } from "../../src/index.ts";
import { type FaultServerOptions, faultServer, type ReceivedRequest } from "../../src/testing/index.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import type { Wire } from "../harness/wires.ts";
import { FastClock } from "./fast-clock.ts";

export type Method = "stream" | "codegen";
export const METHODS: readonly Method[] = ["stream", "codegen"];

/** What a call over a scripted server came to, on both sides of the wire. */
export interface Run {
  readonly reply: Reply | undefined;
  readonly error: ModelError | undefined;
  readonly requests: readonly ReceivedRequest[];
  /** Between an answer and the next request. */
  readonly waits: readonly Wait[];
  /** Without the time in which this thread could not run. */
  readonly settledMs: number;
  /** Timers that were left behind. */
  readonly timers: number;
}

interface Wait {
  readonly ms: number;
  /** Without the time in which this thread could not run. */
  readonly atMostMs: number;
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
  // Starts with the server, whose times count from its start.
  using watch = new Stopwatch();
  await using server = await faultServer(options);
  const clock = new FastClock(speed);
  await using factory = ModelFactory.parse(entry(wire, server.baseUrl(wire), keys), { env: {}, clock });
  const model = factory.create();
  const startedMs = watch.elapsedMs;
  const outcome = await (method === "stream" ? model.stream(prompt).reply : model.codegen(prompt)).then(
    (reply) => ({ reply, error: undefined }),
    (error: unknown) => ({ reply: undefined, error: modelError(error) }),
  );
  const settledMs = watch.elapsedMs - startedMs;
  const timers = clock.pending;
  await server.expect({ closeWithin: CLOSE_WITHIN_MS });
  return { ...outcome, requests: server.requests, waits: waitsBetween(server.requests, watch), settledMs, timers };
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

function waitsBetween(requests: readonly ReceivedRequest[], watch: Stopwatch): Wait[] {
  return requests.slice(1).map(({ arrivedMs }, index) => {
    const playedMs = requests[index]?.playedMs ?? Number.NaN;
    return { ms: arrivedMs - playedMs, atMostMs: watch.between(playedMs, arrivedMs) };
  });
}
