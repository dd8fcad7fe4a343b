import * as z from "zod";
import { address, duration, table, text } from "./schema-values.ts";

export const stateSection = table({
  store: z.enum(["memory", "sqlite", "redis"]).meta({
    description:
      "memory: of this process. sqlite: shared by the processes of this machine. redis: shared by machines; needs Redis 6.2 or Valkey with `maxmemory-policy noeviction`, and the package `ioredis`.",
    default: "memory",
  }),
  path: text().meta({
    description:
      "The SQLite file, relative to models.toml; created if it is missing. Network file systems are refused.",
    default: ".modelwright/state.db",
    examples: ["/var/lib/shop/state.db"],
  }),
  url: address("rediss?", "redis://localhost:6379").meta({
    description: "Address of the Redis server.",
    examples: ["env:REDIS_URL"],
  }),
  prefix: z
    .string()
    .regex(/^[\w.:-]+$/, { error: "must consist of letters, digits, and the characters . : - _" })
    .meta({
      description: "Beginning of all keys in Redis, so that several programs can share a server.",
      default: "modelwright",
      examples: ["shop"],
    }),
  timeout: duration("Longest time to wait for the store.", { default: 1, examples: ["500ms"] }),
  on_unavailable: z.enum(["refuse", "allow"]).meta({
    description:
      "If the store cannot be reached. refuse: calls with budgets or limits fail with `state_unavailable`, without a request. allow: this process counts by itself, and tells the store when it is back.",
    default: "refuse",
  }),
}).meta({
  description:
    'Where the counters of budgets and limits are kept, and with `[cache] store = "state"` answers. Default: in the memory of the process.',
});
