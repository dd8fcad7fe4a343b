import * as z from "zod";
import { address, size, table, text } from "./schema-values.ts";

/** Not a duration in seconds, like other keys: a bare number would be misread. */
const AGE = /^(?:\d{1,6}(?:\.\d{1,3})?[hd]|forever)$/;
const AGE_ERROR = 'must be a string such as "12h", "90d" or "forever"';

export const ledgerSection = table({
  store: z.enum(["sqlite", "postgres"]).meta({
    description: "Where the rows are: in a file of this machine, or in a Postgres database that machines share.",
    default: "sqlite",
  }),
  path: text().meta({
    description:
      "The SQLite file, relative to models.toml; created if it is missing. With `postgres`: rows are kept there while the database cannot be reached.",
    default: ".modelwright/ledger.db",
    examples: ["/var/lib/shop/ledger.db"],
  }),
  url: address("postgres(?:ql)?", "postgres://ledger@db.example.com/usage").meta({
    description: "Address of the Postgres database; needs the package `pg`. Only with `postgres`.",
    examples: ["env:DATABASE_URL"],
  }),
  durability: z.enum(["batch", "sync"]).meta({
    description:
      "batch: rows are written within 200 ms, so a crash loses at most those. sync: a row is on disk before the request is sent, and its result before the reply.",
    default: "batch",
  }),
  keep: z
    .string({ error: AGE_ERROR })
    .regex(AGE, { error: AGE_ERROR })
    .meta({
      description: "How long rows are kept. Sums for budgets are kept forever.",
      default: "90d",
      examples: ["365d", "forever"],
    }),
  max_spool: size("Maximum size of the rows that are kept while Postgres cannot be reached.", {
    default: 268_435_456,
    examples: ["1GiB"],
  }),
  users: z.enum(["plain", "hash"]).meta({
    description: "hash: users are stored as a hash with a secret key of the database (HMAC).",
    default: "plain",
  }),
}).meta({
  description: "A row for each request and each answer from the cache, without content. No ledger without this table.",
});
