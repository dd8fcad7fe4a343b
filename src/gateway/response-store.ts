import type { Config } from "../config/load.ts";
import type { Clock } from "../core/clock.ts";
import type { BoundedStore } from "../core/store.ts";
import type { Stored } from "../dialects/openai/server/stored-responses.ts";
import { openValues } from "../stores/open-values.ts";

const BOUNDS = { maxEntries: 1_000_000, maxBytes: 64 * 1024 * 1024, maxValueBytes: 16 * 1024 * 1024 };

/** Responses that clients refer to by id. */
export interface Responses {
  /** False if `keep_responses` is 0. */
  readonly areKept: boolean;
  find(ids: readonly string[]): Promise<ReadonlyMap<string, Stored>>;
  keep(values: ReadonlyMap<string, Stored>): Promise<void>;
  delete(id: string): Promise<void>;
  /** The opaque state of tool calls, by their ids. */
  callStates(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  keepCallStates(states: ReadonlyMap<string, string>): Promise<void>;
  /** Those of the ids that an answer for this key had. */
  issued(ids: readonly string[]): Promise<ReadonlySet<string>>;
  keepIssued(ids: ReadonlySet<string>): Promise<void>;
}

/** The responses where `[state]` is. */
export class ResponseStore {
  readonly #clock: Clock;
  #store: BoundedStore | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those of one key of the gateway, or those without a key: nobody finds the responses of others. */
  under(config: Config, key = ""): Responses {
    return new KeyResponses(config.gateway.keepResponses, key, () => this.#open(config));
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  /** Opened by the first request that needs it; a reload does not move it. */
  #open({ state }: Config): BoundedStore {
    this.#store ??= openValues(state, BOUNDS, this.#clock);
    return this.#store;
  }
}

class KeyResponses implements Responses {
  readonly #keepMs: number;
  readonly #key: string;
  readonly #store: () => BoundedStore;

  constructor(keepMs: number, key: string, store: () => BoundedStore) {
    this.#keepMs = keepMs;
    this.#key = key;
    this.#store = store;
  }

  get areKept(): boolean {
    return this.#keepMs > 0;
  }

  find(ids: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    return this.#find("response", ids);
  }

  keep(values: ReadonlyMap<string, Stored>): Promise<void> {
    return this.#keep("response", values);
  }

  async delete(id: string): Promise<void> {
    await this.#store().delete(keyOf("response", this.#key, id));
  }

  callStates(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#find("call", ids);
  }

  keepCallStates(states: ReadonlyMap<string, string>): Promise<void> {
    return this.#keep("call", states);
  }

  async issued(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set((await this.#find("issued", ids)).keys());
  }

  keepIssued(ids: ReadonlySet<string>): Promise<void> {
    return this.#keep("issued", new Map([...ids].map((id) => [id, true])));
  }

  async #find<Value>(kind: Kind, ids: readonly string[]): Promise<ReadonlyMap<string, Value>> {
    if (!this.areKept || ids.length === 0) return new Map();
    const values = await Promise.all(ids.map((id) => this.#store().get(keyOf(kind, this.#key, id))));
    return new Map(ids.flatMap((id, at) => (values[at] === undefined ? [] : [[id, values[at] as Value]])));
  }

  async #keep(kind: Kind, values: ReadonlyMap<string, unknown>): Promise<void> {
    if (!this.areKept) return;
    await Promise.all(
      [...values].map(([id, value]) => this.#store().set(keyOf(kind, this.#key, id), value, this.#keepMs)),
    );
  }
}

type Kind = "response" | "call" | "issued";

function keyOf(kind: Kind, key: string, id: string): string {
  return `${kind}:${JSON.stringify([key, id])}`;
}
