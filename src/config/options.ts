import type { z } from "zod";
import { metaOf, type Option, type Options } from "./option.ts";
import { featureOptions } from "./options-features.ts";
import { identityOptions } from "./options-identity.ts";
import { capabilityOptions, moneyOptions } from "./options-money.ts";
import { parameterOptions } from "./options-parameters.ts";
import { clockOptions, protectionOptions, retryOptions } from "./options-reliability.ts";
import { durationIn, fieldsIn } from "./schema-values.ts";

/** All options of a model entry by group, in the order of the documentation. */
export const OPTION_GROUPS = {
  identity: identityOptions,
  parameters: parameterOptions,
  features: featureOptions,
  retry: retryOptions,
  clocks: clockOptions,
  protection: protectionOptions,
  money: moneyOptions,
  capabilities: capabilityOptions,
} as const;

type Keys = { [Group in keyof typeof OPTION_GROUPS]: keyof (typeof OPTION_GROUPS)[Group] };
/** The keys of a model entry. */
export type OptionKey = Keys[keyof Keys];

export const OPTIONS: Readonly<Record<OptionKey, Option>> = {
  ...identityOptions,
  ...parameterOptions,
  ...featureOptions,
  ...retryOptions,
  ...clockOptions,
  ...protectionOptions,
  ...moneyOptions,
  ...capabilityOptions,
};

const ROWS = Object.entries<Option>(OPTIONS);

/** The keys of the options that match a predicate. */
export function keysWhere(holds: (option: Option) => boolean): readonly OptionKey[] {
  return ROWS.filter(([, option]) => holds(option)).map(([key]) => key as OptionKey);
}

/** The option of that name; `undefined` for inherited names such as "constructor" too. */
export function optionOf(key: string): Option | undefined {
  return Object.hasOwn(OPTIONS, key) ? OPTIONS[key as OptionKey] : undefined;
}

/** The schemas of options, by key. */
export function shapeOf(options: Options): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(Object.entries(options).map(([key, { schema }]) => [key, schema]));
}

/** The keys that affect only answers, or only embeddings. */
export function keysAffecting(calls: "answers" | "embeddings"): readonly OptionKey[] {
  return keysWhere(({ affects, setting }) => (affects ?? (setting === true ? "answers" : "all")) === calls);
}

export function defaultOf(key: OptionKey): unknown {
  return metaOf(OPTIONS[key]).default;
}

/** Aliases of keys, each with the key it stands for. */
export const KEY_ALIASES: Readonly<Record<string, string>> = Object.fromEntries(
  ROWS.flatMap(([key, { aliasOf }]) => (aliasOf === undefined ? [] : [[key, aliasOf]])),
);

/** Options that refer to other entries. */
export const FALLBACK_KEYS = keysWhere(({ entries }) => entries === true);

const DURATION_KEYS: ReadonlySet<string> = new Set(
  ROWS.flatMap(([key, { schema }]) => [
    ...(durationIn(schema) === undefined ? [] : [key]),
    ...Object.entries(fieldsIn(schema) ?? {}).flatMap(([inner, field]) =>
      durationIn(field) === undefined ? [] : [inner],
    ),
  ]),
);

/** Whether a key of an entry, or of a table in one, is a duration. */
export function isDurationKey(key: string): boolean {
  return DURATION_KEYS.has(key);
}
