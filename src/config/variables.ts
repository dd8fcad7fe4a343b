import { nearest } from "../core/suggest.ts";
import type { Finding } from "./limits.ts";
import { VariableSource } from "./source.ts";

/** Variables that are read as a whole. Every name that the product reads is in this file. */
export const VARIABLES = {
  config: "MODELWRIGHT_CONFIG",
  profile: "MODELWRIGHT_PROFILE",
  simulate: "MODELWRIGHT_SIMULATE",
  defaultModel: "MODELWRIGHT_DEFAULT_MODEL",
} as const;

/** Tables whose keys a variable may set, by the word in its name: `MODELWRIGHT_CACHE__TTL`. */
export const SECTIONS = {
  DEFAULTS: "defaults",
  PROVIDERS: "providers",
  MODELS: "models",
  CACHE: "cache",
  LOGGING: "logging",
} as const;

/** What looks like one of our variables, with a slip or two. */
export const OURS = /^MODEL[A-Z]*_/;

const NAMES: readonly string[] = Object.values(VARIABLES);
const SECTION_NAMES = Object.keys(SECTIONS).map((section) => `MODELWRIGHT_${section}__`);

/** Read by the tests and scripts of this project, which also set them where the product runs. */
const OF_THE_TESTS = new Set(
  ["BASE", "FIXTURES", "SEED", "TESTS", "TEST_SETTLE_MS"].map((name) => `MODELWRIGHT_${name}`),
);

/**
 * Kubernetes sets these in every pod when a service is named modelwright:
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const OF_KUBERNETES =
  /^MODELWRIGHT_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/**
 * A variable with our prefix and no effect: a misspelled MODELWRIGHT_SIMULATE would let calls go live.
 * `isReferenced` says whether the file itself refers to a name with `env:`.
 */
export function unknownVariable(variable: string, isReferenced: (name: string) => boolean): Finding | undefined {
  if (NAMES.includes(variable) || OF_THE_TESTS.has(variable) || OF_KUBERNETES.test(variable)) return undefined;
  const suggestion = nearestName(variable);
  // Another product's, unless it is one of our names with a slip before the first "_".
  if (!variable.startsWith("MODELWRIGHT_") && suggestion === undefined) return undefined;
  if (isReferenced(variable)) return undefined;
  const known = [...NAMES, ...SECTION_NAMES.map((section) => `${section}…`)].join(", ");
  return {
    path: [],
    at: "key",
    message: `unknown variable${suggestion === undefined ? `; there are ${known}` : ""}`,
    source: new VariableSource(variable, {}),
    suggestion,
  };
}

/** Of the process environment, only the switch is read in addition to options.env. */
export function misspelledSwitches(env: Readonly<Record<string, string | undefined>>): readonly Finding[] {
  return Object.keys(env)
    .filter((variable) => OURS.test(variable) && (env[variable] ?? "") !== "")
    .flatMap((variable) => unknownVariable(variable, () => false) ?? [])
    .filter(({ suggestion }) => suggestion === VARIABLES.simulate);
}

function nearestName(variable: string): string | undefined {
  const end = variable.indexOf("__");
  if (end < 0) return nearest(variable, NAMES);
  const section = nearest(variable.slice(0, end + 2), SECTION_NAMES);
  return section === undefined ? undefined : `${section}${variable.slice(end + 2)}`;
}
