import type { Redis } from "ioredis";
import type { Clock } from "../core/clock.ts";
import { StoreUnavailable } from "../core/store.ts";
import { failureWords, serverProblem } from "./redis-failure.ts";
import type { RedisScript } from "./redis-script.ts";

interface Settings {
  readonly url: string;
  readonly timeoutMs: number;
}

/** A request that waits for the connection. */
interface Waiting {
  send(redis: Redis): void;
  fail(words: string): void;
}

type Send<T> = (redis: Redis, isLate: () => boolean) => Promise<T>;

/** Makes a request: rejects after `timeoutMs`, and does not wait for a server that has been away for longer. */
export class RedisConnection {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #waiting = new Set<Waiting>();
  #redis: Redis | undefined;
  #opening: Promise<void> | undefined;
  #isReady = false;
  #isClosed = false;
  /** Monotonic; undefined while the server can be reached. */
  #awaySinceMs: number | undefined;
  #lastFailure = "it did not answer";

  constructor(settings: Settings, clock: Clock, onReady: () => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#onReady = onReady;
  }

  /** `onUnknown` is called if the request fails, but the server may have run the script, or may still do so. */
  run(script: RedisScript, key: string, args: readonly string[], onUnknown?: () => void): Promise<unknown> {
    return this.#request((redis, isLate) => evaluate(redis, script, key, args, isLate), onUnknown);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const redis = this.#redis;
    if (redis === undefined) return;
    await new Promise<void>((done) => {
      const end = () => {
        cancel();
        done();
      };
      // Replies that are on their way are awaited for a moment; a server that does not answer is left.
      const cancel = this.#clock.schedule(() => {
        redis.disconnect();
        done();
      }, this.#settings.timeoutMs);
      redis.once("end", end);
      if (this.#isReady) redis.quit().catch(() => redis.disconnect());
      else redis.disconnect();
      // Between two attempts to connect there is nothing that could end.
      if (redis.status === "reconnecting" || redis.status === "end") end();
    });
  }

  /** The time that ioredis takes to load is not the time of the server. */
  async #request<T>(send: Send<T>, onUnknown?: () => void): Promise<T> {
    if (this.#redis === undefined && !this.#isClosed) {
      this.#opening ??= this.#open();
      await this.#opening;
    }
    return this.#requestInTime(send, onUnknown);
  }

  #requestInTime<T>(send: Send<T>, onUnknown?: () => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      let wasSent = false;
      const end = () => {
        isOver = true;
        cancel();
        this.#waiting.delete(waiting);
      };
      const fail = (words: string) => {
        if (isOver) return;
        end();
        reject(new StoreUnavailable(`${this.#place()}: ${words}`));
      };
      const expire = () => {
        if (isOver) return;
        if (wasSent) {
          onUnknown?.();
          // A server that hangs may still run the request: the next connection settles what it granted.
          this.#reconnect();
        }
        fail(wasSent ? `no answer within ${this.#settings.timeoutMs} ms` : this.#lastFailure);
      };
      // Answers that have arrived are read first: the process may have been busy for longer than the timeout.
      const cancel = this.#clock.schedule(() => setImmediate(expire), this.#settings.timeoutMs);
      const waiting: Waiting = {
        fail,
        send: (redis) => {
          wasSent = true;
          const isLate = () => isOver;
          send(redis, isLate).then(
            (value) => {
              if (isOver) return;
              end();
              resolve(value);
            },
            (error: Error) => {
              if (isOver) return;
              // An answer that says no is certain; a connection that broke is not.
              if (error.name !== "ReplyError") onUnknown?.();
              fail(failureWords(error));
            },
          );
        },
      };
      this.#sendOrWait(waiting);
    });
  }

  #sendOrWait(waiting: Waiting): void {
    if (this.#isClosed) waiting.fail("it is closed");
    else if (this.#isReady && this.#redis !== undefined) waiting.send(this.#redis);
    else this.#wait(waiting);
  }

  #wait(waiting: Waiting): void {
    const nowMs = this.#clock.monotonic();
    this.#awaySinceMs ??= nowMs;
    if (nowMs - this.#awaySinceMs >= this.#settings.timeoutMs) waiting.fail(this.#lastFailure);
    else this.#waiting.add(waiting);
    // A server that was refused may have been repaired.
    if (this.#redis?.status === "ready") void this.#check(this.#redis);
  }

  async #open(): Promise<void> {
    try {
      const redis = await createClient(this.#settings);
      if (this.#isClosed) return;
      this.#redis = redis;
      redis.on("error", (error: Error) => {
        this.#lastFailure = failureWords(error);
      });
      // A request has a timer, which keeps the process running; an idle connection must not.
      redis.on("connect", () => redis.stream.unref());
      redis.on("reconnecting", () => reconnectTimerOf(redis)?.unref());
      redis.on("ready", () => void this.#check(redis));
      redis.on("close", () => {
        this.#isReady = false;
        this.#awaySinceMs ??= this.#clock.monotonic();
      });
      redis.connect().catch(() => {});
    } catch (error) {
      throw new StoreUnavailable(`${this.#place()}: ${(error as Error).message}`);
    } finally {
      this.#opening = undefined;
    }
  }

  /** Once for each connection: after a failover another server may answer. */
  async #check(redis: Redis): Promise<void> {
    let problem: string | undefined;
    try {
      problem = serverProblem(await redis.info());
    } catch (error) {
      // Users without the permission for INFO can use the counters.
      if (!(error as Error).message.startsWith("NOPERM")) return;
    }
    if (this.#isClosed || redis.status !== "ready") return;
    if (problem !== undefined) return this.#failWaiting(problem);
    const isNew = !this.#isReady;
    this.#isReady = true;
    this.#awaySinceMs = undefined;
    for (const waiting of this.#waiting) waiting.send(redis);
    this.#waiting.clear();
    if (isNew) this.#onReady();
  }

  #reconnect(): void {
    if (!this.#isReady) return;
    this.#isReady = false;
    this.#redis?.disconnect(true);
  }

  #failWaiting(words: string): void {
    this.#lastFailure = words;
    for (const waiting of this.#waiting) waiting.fail(words);
  }

  /** Without user and password. */
  #place(): string {
    const url = URL.parse(this.#settings.url);
    return url === null || url.host === "" ? "Redis" : `Redis at ${url.host}`;
  }
}

async function createClient({ url, timeoutMs }: Settings): Promise<Redis> {
  if (!/^rediss?:$/.test(URL.parse(url)?.protocol ?? "")) throw new Error(WRONG_URL);
  const loaded = await import("ioredis").catch(() => {
    throw new Error("the package ioredis is missing; run npm i ioredis");
  });
  // Some bundlers put the exports of a CommonJS package into `default`.
  const { Redis } = "Redis" in loaded ? loaded : (loaded as { readonly default: typeof import("ioredis") }).default;
  return new Redis(url, {
    lazyConnect: true,
    // Requests wait here instead, with a timeout, and none is sent twice.
    ...{ enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
    connectTimeout: timeoutMs,
    // We ask for INFO ourselves, and read more of it.
    ...{ enableReadyCheck: false, disableClientInfo: true, protocol: 2 },
    retryStrategy: (times) => Math.min(25 * 2 ** times, MAX_RETRY_MS),
  });
}

const WRONG_URL = "[state] url is not a URL of Redis; write redis://HOST:PORT or rediss://HOST:PORT";
const MAX_RETRY_MS = 1_000;

/** ioredis has no option for timers that do not keep the process running. */
function reconnectTimerOf(redis: Redis): NodeJS.Timeout | undefined {
  return (redis as unknown as { readonly reconnectTimeout?: NodeJS.Timeout }).reconnectTimeout;
}

/** One round trip; two if the server does not know the script, because it was restarted. */
async function evaluate(
  redis: Redis,
  { text, sha }: RedisScript,
  key: string,
  args: readonly string[],
  isLate: () => boolean,
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, 1, key, ...args);
  } catch (error) {
    // The caller no longer waits; it must not run after a later settlement.
    if (!(error as Error).message.startsWith("NOSCRIPT") || isLate()) throw error;
    return redis.eval(text, 1, key, ...args);
  }
}
