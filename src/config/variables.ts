import { nearest } from "../core/suggest.ts";
import type { Finding } from "./limits.ts";
import { VariableSource } from "./source.ts";

/** Variables with a fixed name. All variables that the product reads are listed in this file. */
export const VARIABLES = {
  config: "MODELWRIGHT_CONFIG",
  profile: "MODELWRIGHT_PROFILE",
  simulate: "MODELWRIGHT_SIMULATE",
  defaultModel: "MODELWRIGHT_DEFAULT_MODEL",
  record: "MODELWRIGHT_RECORD",
} as const;

/** Tables whose keys variables may set, such as `MODELWRIGHT_CACHE__TTL`. */
export const SECTIONS = {
  DEFAULTS: "defaults",
  PROVIDERS: "providers",
  MODELS: "models",
  CACHE: "cache",
  LOGGING: "logging",
  STATE: "state",
  AUDIT: "audit",
  TELEMETRY: "telemetry",
  LEDGER: "ledger",
  RECORD: "record",
} as const;

/** Matches the prefix of our variables, and misspellings of it. */
export const OWN_PREFIX = /^MODEL[A-Z]*_/;

const NAMES: readonly string[] = Object.values(VARIABLES);
const SECTION_NAMES = Object.keys(SECTIONS).map((section) => `MODELWRIGHT_${section}__`);

/** Variables of this project's tests and scripts, which may be set when the product runs. */
const TEST_VARIABLES = new Set(
  ["AGENTS", "BASE", "FIXTURES", "SEED", "TESTS", "TEST_SETTLE_MS"].map((name) => `MODELWRIGHT_${name}`),
);

/**
 * Kubernetes sets these in every pod when a service is named modelwright:
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const KUBERNETES_VARIABLES =
  /^MODELWRIGHT_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/**
 * Reports a variable with our prefix that has no effect: with a misspelled MODELWRIGHT_SIMULATE, calls would be real.
 * `isReferenced` tells whether the file refers to a variable with `env:`.
 */
export function unknownVariable(variable: string, isReferenced: (name: string) => boolean): Finding | undefined {
  if (NAMES.includes(variable) || TEST_VARIABLES.has(variable) || KUBERNETES_VARIABLES.test(variable)) return undefined;
  const suggestion = nearestName(variable);
  // Another product's variable, unless it resembles one of ours.
  if (!variable.startsWith("MODELWRIGHT_") && suggestion === undefined) return undefined;
  if (isReferenced(variable)) return undefined;
  const known = [...NAMES, ...SECTION_NAMES.map((section) => `${section}…`)].join(", ");
  return {
    path: [],
    at: "key",
    message: `unknown variable${suggestion === undefined ? `; known variables: ${known}` : ""}`,
    source: new VariableSource(variable, {}),
    suggestion,
  };
}

/** Of the process environment, only the switch is read in addition to options.env. */
export function misspelledSwitches(env: Readonly<Record<string, string | undefined>>): readonly Finding[] {
  return Object.keys(env)
    .filter((variable) => OWN_PREFIX.test(variable) && (env[variable] ?? "") !== "")
    .flatMap((variable) => unknownVariable(variable, () => false) ?? [])
    .filter(({ suggestion }) => suggestion === VARIABLES.simulate);
}

function nearestName(variable: string): string | undefined {
  const end = variable.indexOf("__");
  if (end < 0) return nearest(variable, NAMES);
  const section = nearest(variable.slice(0, end + 2), SECTION_NAMES);
  return section === undefined ? undefined : `${section}${variable.slice(end + 2)}`;
}
