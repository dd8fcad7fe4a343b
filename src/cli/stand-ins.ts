import type { Config } from "../config/load.ts";
import { PROVIDERS } from "./catalog.ts";
import { leavesOf } from "./leaves.ts";

const REFERENCE = /^env:([A-Z_][A-Z0-9_]*)$/;
const ADDRESS_KEYS = ["baseUrl", "proxy"];

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with placeholders for missing variables, so that entries without a key can be shown too. */
export function withStandIns(config: Config, env: Environment): Record<string, string | undefined> {
  const complete = { ...env };
  const isSet = (name: string) => (complete[name] ?? "").trim() !== "";
  for (const { keyEnv } of PROVIDERS) {
    const [first] = keyEnv;
    if (first !== undefined && !keyEnv.some(isSet)) complete[first] = standIn(first);
  }
  for (const [key, text] of config.names.flatMap((name) => leavesOf(config.entry(name)))) {
    const variable = REFERENCE.exec(text)?.[1];
    if (variable !== undefined && !isSet(variable))
      complete[variable] = ADDRESS_KEYS.includes(key) ? "http://not-set.invalid" : standIn(variable);
  }
  return complete;
}

/** Unique per variable, so that masking can distinguish them. */
function standIn(variable: string): string {
  return `not-set-${variable}`;
}
