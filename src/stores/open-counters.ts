import type { StateSettings } from "../core/budget.ts";
import type { Clock } from "../core/clock.ts";
import type { AdmitRequest, CounterStore, Grant, MemberLevel, Refusal, Settled, Settlement } from "../core/store.ts";
import { StoreUnavailable } from "../core/store.ts";
import { MemoryCounters } from "./memory-counters.ts";

/** The counters that `[state]` asks for. Their code is loaded by the first request. */
export function openCounters({ store, path, url, prefix, timeout }: StateSettings, clock: Clock): CounterStore {
  switch (store) {
    case "memory":
      return new MemoryCounters(clock);
    case "sqlite":
      return new LazyCounters(async () => {
        const { SqliteCounters } = await import("./sqlite-counters.ts");
        return new SqliteCounters({ path, timeoutMs: timeout }, clock);
      });
    case "redis":
      return new LazyCounters(async () => {
        if (url === undefined) throw new StoreUnavailable('[state] store = "redis" needs url = "redis://HOST:PORT"');
        const { RedisCounters } = await import("./redis-counters.ts");
        return new RedisCounters({ url, prefix, timeoutMs: timeout }, clock);
      });
  }
}

class LazyCounters implements CounterStore {
  readonly #open: () => Promise<CounterStore>;
  #store: Promise<CounterStore> | undefined;

  constructor(open: () => Promise<CounterStore>) {
    this.#open = open;
  }

  async admit(request: AdmitRequest): Promise<Grant | Refusal> {
    return (await this.#opened()).admit(request);
  }

  async settle(settlement: Settlement): Promise<Settled> {
    return (await this.#opened()).settle(settlement);
  }

  async renew(owner: string, leaseMs: number): Promise<void> {
    return (await this.#opened()).renew(owner, leaseMs);
  }

  async pause(counter: string, forMs: number): Promise<void> {
    return (await this.#opened()).pause(counter, forMs);
  }

  async levels(family: string): Promise<readonly MemberLevel[]> {
    return (await this.#opened()).levels(family);
  }

  async close(): Promise<void> {
    if (this.#store === undefined) this.#store = Promise.reject(new StoreUnavailable("the counters are closed"));
    const store = await this.#store.catch(() => undefined);
    await store?.close();
  }

  #opened(): Promise<CounterStore> {
    this.#store ??= this.#open();
    return this.#store;
  }
}
