import type { Clock } from "../core/clock.ts";
import type { AdmitRequest, CounterStore, Grant, MemberLevel, Refusal, Settled, Settlement } from "../core/store.ts";
import { Abandoned } from "./abandoned.ts";
import { SqliteClient, type SqliteOptions } from "./sqlite-client.ts";

/** Counters in a file, for all processes of one machine. */
export class SqliteCounters implements CounterStore {
  readonly #client: SqliteClient;
  readonly #abandoned: Abandoned;

  constructor(options: SqliteOptions, clock: Clock) {
    this.#client = new SqliteClient(options, clock, {
      onReachable: () => void this.#abandoned.settle(),
      onGivenUp: (question) => {
        if (question.op === "admit") this.#abandoned.add(question.request);
      },
    });
    this.#abandoned = new Abandoned((settlement) => this.#client.ask({ op: "settle", settlement, isAbandoned: true }));
  }

  async admit(request: AdmitRequest): Promise<Grant | Refusal> {
    return (await this.#client.ask({ op: "admit", request })) as Grant | Refusal;
  }

  async settle(settlement: Settlement): Promise<Settled> {
    return (await this.#client.ask({ op: "settle", settlement, isAbandoned: false })) as Settled;
  }

  async renew(owner: string, leaseMs: number): Promise<void> {
    await this.#client.ask({ op: "renew", owner, leaseMs });
  }

  async pause(counter: string, forMs: number): Promise<void> {
    await this.#client.ask({ op: "pause", counter, forMs });
  }

  async levels(family: string): Promise<readonly MemberLevel[]> {
    return (await this.#client.ask({ op: "levels", family })) as readonly MemberLevel[];
  }

  /** Waits for the answers to all earlier requests. */
  async close(): Promise<void> {
    await this.#abandoned.settle();
    await this.#client.close();
  }
}
