import type { Clock } from "../core/clock.ts";
import type { StoreSize } from "../core/store.ts";
import { RedisConnection } from "./redis-connection.ts";
import type { RedisOptions } from "./redis-counters.ts";
import { type RedisValueScripts, redisValueScripts } from "./redis-value-scripts.ts";
import type { TextStore, WrittenText } from "./text-store.ts";

type SizeReply = readonly [entries: number, bytes: string];

/** Texts in Redis or Valkey. Each operation but `clear` is one script, and one round trip. */
export class RedisTexts implements TextStore {
  readonly #prefix: string;
  readonly #connection: RedisConnection;
  readonly #scripts: RedisValueScripts;

  constructor({ url, prefix, timeoutMs }: RedisOptions, clock: Clock, scripts = redisValueScripts()) {
    // Braces: a cluster keeps all keys with the same tag together.
    this.#prefix = `{${prefix}}`;
    this.#scripts = scripts;
    this.#connection = new RedisConnection({ url, timeoutMs }, clock, () => {});
  }

  async get(key: string, maxBytes: number): Promise<{ readonly text: string | undefined; readonly size: StoreSize }> {
    const reply = await this.#connection.run(this.#scripts.get, this.#prefix, [key, String(maxBytes)]);
    const [text, ...size] = reply as readonly [string | null, ...SizeReply];
    return { text: text ?? undefined, size: sizeOf(size) };
  }

  async set({
    key,
    text,
    bytes,
    ttlMs,
    bounds,
  }: WrittenText): Promise<{ readonly evicted: number; readonly size: StoreSize }> {
    const { maxEntries, maxBytes } = bounds;
    const args = [key, text, String(bytes), String(Math.ceil(ttlMs)), String(maxEntries), String(maxBytes)];
    const reply = await this.#connection.run(this.#scripts.set, this.#prefix, args);
    const [evicted, ...size] = reply as readonly [number, ...SizeReply];
    return { evicted, size: sizeOf(size) };
  }

  async delete(key: string): Promise<StoreSize> {
    return sizeOf((await this.#connection.run(this.#scripts.delete, this.#prefix, [key])) as SizeReply);
  }

  async clear(prefix: string): Promise<StoreSize> {
    let cursor = "0";
    for (;;) {
      const reply = await this.#connection.run(this.#scripts.clear, this.#prefix, [prefix, cursor]);
      const [next, ...size] = reply as readonly [string, ...SizeReply];
      if (next === "0") return sizeOf(size);
      cursor = next;
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function sizeOf([entries, bytes]: SizeReply): StoreSize {
  return { entries, bytes: Number(bytes) };
}
