import type { Clock } from "../../core/clock.ts";
import { isModelError, type ModelError } from "../../core/error.ts";
import type { Exchange, Transport, WireInit } from "../../core/transport.ts";
import { closedError, invalidRequest } from "../failure.ts";
import { defaultExchange } from "../fetch.ts";
import type { HttpResponse } from "../response.ts";
import type { CassetteEntry } from "./cassette-file.ts";
import { Masking } from "./masking.ts";
import { type Comparable, comparable, fingerprint } from "./matching.ts";
import { type Candidate, exhaustedError, missError } from "./miss.ts";
import { Playback, type Timing } from "./playback.ts";
import { bodyOf, urlOf } from "./recorder.ts";

export interface ReplayOptions {
  readonly clock: Clock;
  readonly timing: Timing;
  /** The name of the file, for errors. */
  readonly file: string;
  /** More fields of a body that are not compared. */
  readonly ignore?: readonly string[];
  /** Who closes it. Default: "factory". */
  readonly owner?: string;
}

/** Answers requests from recorded exchanges; opens no connection. A request that was not recorded fails at once. */
export function replayOf(entries: readonly CassetteEntry[], options: ReplayOptions): Transport {
  const { clock, timing } = options;
  const cassette = new Cassette(entries, options);
  let closed = false;
  return {
    async fetch(url, init = {}) {
      const exchange = init.exchange ?? defaultExchange();
      try {
        if (closed) throw closedError(options.owner);
        const entry = cassette.next(requested(url, init, options.ignore), exchange);
        const response = new Promise<HttpResponse>((resolve, reject) => {
          const playback = new Playback(entry.exchange, exchange, clock, timing, { resolve, reject });
          playback.start(init.signal ?? undefined);
        });
        return (await response) as unknown as Response;
      } catch (error) {
        exchange.failure = failureOf(error);
        throw exchange.failure;
      }
    },
    async close() {
      closed = true;
    },
  };
}

function failureOf(error: unknown): ModelError {
  return isModelError(error) ? error : invalidRequest(error);
}

function requested(url: string | URL | Request, init: WireInit, ignore: readonly string[] = []): Comparable {
  const address = urlOf(url);
  const masking = new Masking(init.exchange ?? {}, address, new Headers(init.headers));
  const method = (init.method ?? "GET").toUpperCase();
  return comparable({ method, url: masking.url(address), headers: {}, ...bodyOf(init, masking) }, ignore);
}

/** The recorded exchanges, each served once, equal requests in their recorded order. */
class Cassette {
  readonly #candidates: readonly Candidate[];
  readonly #byRequest: ReadonlyMap<string, readonly Candidate[]>;
  readonly #served = new Map<string, number>();
  readonly #file: string;

  constructor(entries: readonly CassetteEntry[], { file, ignore }: ReplayOptions) {
    this.#file = file;
    this.#candidates = entries.map((entry) => ({ entry, request: comparable(entry.exchange.request, ignore) }));
    this.#byRequest = Map.groupBy(this.#candidates, ({ request }) => fingerprint(request));
  }

  /** @throws ModelError `invalid_request` that names the nearest recorded request. */
  next(request: Comparable, exchange: Pick<Exchange, "quotesPrompt">): CassetteEntry {
    const key = fingerprint(request);
    const recorded = this.#byRequest.get(key);
    if (recorded === undefined) {
      exchange.quotesPrompt = true;
      throw missError(request, this.#candidates, this.#file);
    }
    const served = this.#served.get(key) ?? 0;
    const candidate = recorded[served];
    if (candidate === undefined) throw exhaustedError(request, recorded.length, this.#file);
    this.#served.set(key, served + 1);
    return candidate.entry;
  }
}
