import { readFileSync } from "node:fs";
import { join } from "node:path";
import { camelOf } from "../../src/config/entry-config.ts";
import type { CALL_ONLY } from "../../src/config/known-keys.ts";
import { metaOf, type Option } from "../../src/config/option.ts";
import { OPTION_GROUPS } from "../../src/config/options.ts";
import { code, markdownTable } from "./markdown.ts";

const ROOT = join(import.meta.dirname, "../..");
const BEGIN = "<!-- call options: `npm run docs` writes this table -->\n\n";
const END = "\n\n<!-- /call options -->";

/** Call options that entries do not have, or that are written differently there. */
const CALL_ONLY_EFFECTS: Readonly<Record<"messages" | (typeof CALL_ONLY)[number], string>> = {
  messages: "Messages put before the input; they replace those of the entry.",
  samples: "Number of answers to ask for. Default 1.",
  signal: "An `AbortSignal` that ends the call as `aborted`.",
  cache:
    '`"use"` (or true), `"refresh"`, `"bypass"` (or false), `"only"`, or `{ mode, ttl, namespace }`: see [caching](../guide/caching.md).',
  tags: 'Labels for `factory.usage("tag")`, budgets and rate limits.',
  priority: "Order in queues of rate limits and `max_parallel`: 0 to 255, lower first; default 128.",
  shouldRetry:
    "A function that sees each failed attempt: true repeats it, false does not, undefined leaves it to the library.",
  raw: 'Also yield the provider\'s own events, as `{ type: "raw" }`.',
};

/** docs/reference/api.md with a regenerated table of call options. */
export function apiPage(): string {
  const page = readFileSync(join(ROOT, "docs/reference/api.md"), "utf8");
  const [before, rest] = [page.slice(0, page.indexOf(BEGIN)), page.slice(page.indexOf(END))];
  return `${before}${BEGIN}${callOptionsTable()}${rest}`;
}

function callOptionsTable(): string {
  const rows = Object.entries(OPTION_GROUPS).flatMap(([, options]) =>
    Object.entries<Option>(options)
      .filter(([, { setting, perCall, aliasOf }]) => (setting || perCall) && aliasOf === undefined)
      .map(([key, option]) => [code(camelOf(key)), metaOf(option).description ?? ""]),
  );
  return markdownTable(
    ["option", "effect"],
    [...rows, ...Object.entries(CALL_ONLY_EFFECTS).map(([name, effect]) => [code(name), effect])],
  );
}
