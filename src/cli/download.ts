import { simulationRequested } from "../config/parse.ts";
import { Cancellation } from "../core/cancellation.ts";
import { scheduleLimit, systemClock } from "../core/clock.ts";
import { placeOf } from "../core/place.ts";
import { proxyFor } from "../core/proxy.ts";
import type { Exchange, WireResponse } from "../core/transport.ts";
import { ModelError } from "../index.ts";
import { createTransport } from "../transport/fetch.ts";
import { type CliContext, Failure } from "./context.ts";

const TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** Downloads a public text without credentials, over the configured proxy. Rejects redirects to another origin. */
export async function download(url: string, maxBytes: number, { env, signal }: CliContext): Promise<string> {
  const place = placeOf(url);
  if (simulationRequested(env))
    throw new Failure(`${place} was not requested: MODELWRIGHT_SIMULATE is set`, "unset it, or use --from with a file");
  const transport = createTransport();
  const cancellation = new Cancellation();
  cancellation.follow(signal);
  const late = new ModelError({ code: "timed_out", message: `no complete response within ${TIMEOUT_MS / 1_000} s` });
  const off = scheduleLimit(systemClock, () => cancellation.cancel(late), TIMEOUT_MS);
  const exchange: Exchange = {
    cancellation,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    silenceTimeoutMs: TIMEOUT_MS,
    proxy: proxyFor(undefined, url, env),
    maxBodyBytes: maxBytes,
    streaming: false,
    sent: false,
    response: undefined,
    errorBody: undefined,
  };
  try {
    const init = { headers: { accept: "application/json" }, exchange };
    const response = (await transport.fetch(url, init)) as unknown as WireResponse;
    if (!response.ok) throw new Error(`it responded with HTTP status ${response.status}`);
    return await response.text();
  } catch (error) {
    if (signal.aborted) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new Failure(`${place} could not be fetched: ${words}`, ADVICE, { cause: error });
  } finally {
    off();
    cancellation.release();
    await transport.close();
  }
}

const ADVICE = "Check the network and HTTPS_PROXY, or use a copy of the document with --from FILE.";
