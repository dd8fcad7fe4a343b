import type { StateSettings } from "../core/budget.ts";
import type { Clock } from "../core/clock.ts";
import type { BoundedStore } from "../core/store.ts";
import { StoreUnavailable } from "../core/store.ts";
import { MemoryStore } from "./memory.ts";
import { SharedValues, type SharedValuesOptions } from "./shared-values.ts";

/**
 * The values where `[state]` is. Their code is loaded by the first request. They have a thread or a connection of their own,
 * so that a large value does not delay a budget.
 */
export function openValues(state: StateSettings, options: SharedValuesOptions, clock: Clock): BoundedStore {
  const { store, path, url, prefix, timeout: timeoutMs } = state;
  switch (store) {
    case "memory":
      return new MemoryStore(options, clock);
    case "sqlite":
      return new SharedValues(
        async () => {
          const { SqliteTexts } = await import("./sqlite-texts.ts");
          return new SqliteTexts({ path, timeoutMs }, clock);
        },
        options,
        clock,
      );
    case "redis":
      return new SharedValues(
        async () => {
          if (url === undefined) throw new StoreUnavailable('[state] store = "redis" needs url = "redis://HOST:PORT"');
          const { RedisTexts } = await import("./redis-texts.ts");
          return new RedisTexts({ url, prefix, timeoutMs }, clock);
        },
        options,
        clock,
      );
  }
}
