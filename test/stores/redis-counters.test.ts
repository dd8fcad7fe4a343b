import { Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import type { AdmitRequest, CounterStore, Settlement } from "../../src/core/store.ts";
import { RedisCounters } from "../../src/stores/redis-counters.ts";
import { redisScripts } from "../../src/stores/redis-scripts.ts";
import { testCounters } from "../harness/counters-contract.ts";
import type { FakeClock } from "../harness/fake-clock.ts";
import { describeWith, REDIS } from "../harness/needs.ts";
import { RedisServer } from "../harness/redis-server.ts";

let server: RedisServer | undefined;
let url = process.env["REDIS_URL"] ?? "";
let admin: Redis;
let stores = 0;

/** The scripts read the time from a key, so that tests can advance it. */
const CLOCK = "tonumber(redis.call('GET', P .. ':now'))";

describeWith(REDIS, "redis", () => {
  beforeAll(async () => {
    if (url === "") {
      server = await RedisServer.start();
      url = server.url;
    }
    admin = new Redis(url);
  });
  afterAll(async () => {
    await admin.quit();
    await server?.remove();
  });

  testCounters("redis", async (clock) => new ClockedCounters(clock), { leases: true });
});

/** Sets the time before each request. */
class ClockedCounters implements CounterStore {
  readonly #prefix = `test-${process.pid}-${performance.now()}-${++stores}`;
  readonly #store = new RedisCounters(
    { url, prefix: this.#prefix, timeoutMs: 10_000 },
    systemClock,
    redisScripts(CLOCK),
  );
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async admit(request: AdmitRequest) {
    return (await this.#now()).admit(request);
  }

  async settle(settlement: Settlement) {
    return (await this.#now()).settle(settlement);
  }

  async renew(owner: string, leaseMs: number) {
    return (await this.#now()).renew(owner, leaseMs);
  }

  async pause(counter: string, forMs: number) {
    return (await this.#now()).pause(counter, forMs);
  }

  async levels(family: string) {
    return (await this.#now()).levels(family);
  }

  async close() {
    await this.#store.close();
    const keys = await admin.keys(`{${this.#prefix}}*`);
    if (keys.length > 0) await admin.del(keys);
  }

  async #now(): Promise<RedisCounters> {
    await admin.set(`{${this.#prefix}}:now`, this.#clock.now());
    return this.#store;
  }
}
