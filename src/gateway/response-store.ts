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
    const { keepResponses } = config.gateway;
    const store = () => this.#open(config);
    const find = async <Value>(kind: Kind, ids: readonly string[]): Promise<ReadonlyMap<string, Value>> => {
      if (keepResponses === 0 || ids.length === 0) return new Map();
      const values = await Promise.all(ids.map((id) => store().get(keyOf(kind, key, id))));
      return new Map(ids.flatMap((id, at) => (values[at] === undefined ? [] : [[id, values[at] as Value]])));
    };
    const keep = async (kind: Kind, values: ReadonlyMap<string, unknown>): Promise<void> => {
      if (keepResponses === 0) return;
      await Promise.all([...values].map(([id, value]) => store().set(keyOf(kind, key, id), value, keepResponses)));
    };
    return {
      areKept: keepResponses > 0,
      find: (ids) => find("response", ids),
      keep: (values) => keep("response", values),
      delete: (id) => store().delete(keyOf("response", key, id)),
      callStates: (ids) => find("call", ids),
      keepCallStates: (states) => keep("call", states),
      issued: async (ids) => new Set((await find("issued", ids)).keys()),
      keepIssued: (ids) => keep("issued", new Map([...ids].map((id) => [id, true]))),
    };
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

type Kind = "response" | "call" | "issued";

function keyOf(kind: Kind, key: string, id: string): string {
  return `${kind}:${JSON.stringify([key, id])}`;
}
