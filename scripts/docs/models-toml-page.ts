import { z } from "zod";
import { OPTION_GROUPS, shapeOf as schemasOf } from "../../src/config/options.ts";
import { configSchema, providerOnly } from "../../src/config/schema.ts";
import { gatewaySection } from "../../src/config/schema-gateway.ts";
import { ledgerSection } from "../../src/config/schema-ledger.ts";
import { budgetSection, rateLimitSection } from "../../src/config/schema-money.ts";
import { recordSection } from "../../src/config/schema-record.ts";
import {
  auditSection,
  cacheSection,
  group,
  loggingSection,
  semanticSection,
  telemetrySection,
} from "../../src/config/schema-sections.ts";
import { stateSection } from "../../src/config/schema-state.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";
import { tomlValue } from "./toml-value.ts";

type Shape = Readonly<Record<string, z.ZodType>>;
type Json = { readonly [keyword: string]: unknown };

const GROUPS: readonly (readonly [title: string, intro: string, shape: Shape])[] = [
  [
    "Identity",
    "The model, its provider and its credentials. `name` and `provider` are required.",
    schemasOf(OPTION_GROUPS.identity),
  ],
  [
    "Parameters",
    "Parameters of a request. A parameter that is not set is not sent. A call can set each of these in camelCase.",
    schemasOf(OPTION_GROUPS.parameters),
  ],
  [
    "Features",
    "How requests are built and answers are handled. A call can set each of these in camelCase.",
    schemasOf(OPTION_GROUPS.features),
  ],
  ["Retries", "", schemasOf(OPTION_GROUPS.retry)],
  ["Timeouts", "", schemasOf(OPTION_GROUPS.clocks)],
  ["Protection", "", schemasOf(OPTION_GROUPS.protection)],
  ["Money", "", schemasOf(OPTION_GROUPS.money)],
  ["Capabilities", "", schemasOf(OPTION_GROUPS.capabilities)],
];

/** docs/reference/models-toml.md */
export function modelsTomlPage(): string {
  const { default_model, include, aliases, groups, budgets, rate_limits, pricing } = shapeOf(
    configSchema,
  ) as Required<Shape>;
  return page(
    "# Keys of models.toml",
    GENERATED,
    INTRO,
    ...GROUPS.flatMap(([title, intro, shape]) => [`## ${title}`, ...(intro === "" ? [] : [intro]), keyTable(shape)]),
    "## Top of the file",
    keyTable({ default_model, include } as Shape),
    "`[defaults]`, `[providers.NAME]`, `[models.NAME]` and `[profiles.NAME]` have the keys above; the [guide](../guide/models-toml.md#inheritance) explains how they are combined.",
    "### Only in `[providers.NAME]`",
    "See the [guide](../guide/model-facts.md#models-without-an-entry).",
    keyTable(providerOnly),
    "An environment variable overrides a single key: `MODELWRIGHT_MODELS__NAME__KEY`, `MODELWRIGHT_DEFAULTS__KEY`, `MODELWRIGHT_PROVIDERS__NAME__KEY`, `MODELWRIGHT_CACHE__KEY`, `MODELWRIGHT_LOGGING__KEY`, `MODELWRIGHT_STATE__KEY`, `MODELWRIGHT_LEDGER__KEY`, `MODELWRIGHT_RECORD__KEY`, `MODELWRIGHT_AUDIT__KEY`, `MODELWRIGHT_TELEMETRY__KEY` and `MODELWRIGHT_DEFAULT_MODEL`. Any other variable that begins with `MODELWRIGHT_` is an error when a file is loaded, except `MODELWRIGHT_CONFIG`, `MODELWRIGHT_PROFILE`, `MODELWRIGHT_SIMULATE`, `MODELWRIGHT_RECORD` and the names that the file refers to with `env:`.",
    "### `[aliases]`",
    `${aliases?.meta()?.description} Example: \`smart = "coder"\`.`,
    "### `[groups.NAME]`",
    `${groups?.meta()?.description} See the [guide](../guide/groups.md).`,
    keyTable(shapeOf(group)),
    "### `[budgets.NAME]`",
    `${budgets?.meta()?.description} See the [guide](../guide/budgets.md).`,
    keyTable(shapeOf(budgetSection)),
    "### `[rate_limits.NAME]`",
    `${rate_limits?.meta()?.description} See the [guide](../guide/rate-limits.md).`,
    keyTable(shapeOf(rateLimitSection)),
    "### `[state]`",
    `${stateSection.meta()?.description} See the [guide](../guide/shared-state.md).`,
    keyTable(shapeOf(stateSection)),
    '### `[pricing."model-id"]`',
    `${pricing?.meta()?.description} Its keys are those of \`pricing\` above.`,
    "### `[cache]`",
    `${cacheSection.meta()?.description} See the [guide](../guide/caching.md).`,
    keyTable(shapeOf(cacheSection)),
    "### `[cache.semantic]`",
    `${semanticSection.meta()?.description} See the [guide](../guide/caching.md#similar-questions).`,
    keyTable(shapeOf(semanticSection)),
    "### `[logging]`",
    `${loggingSection.meta()?.description} Nothing is logged without this table.`,
    keyTable(shapeOf(loggingSection)),
    "### `[audit]`",
    `${auditSection.meta()?.description} See the [guide](../guide/telemetry.md#audit).`,
    keyTable(shapeOf(auditSection)),
    "### `[telemetry]`",
    `${telemetrySection.meta()?.description} See the [guide](../guide/telemetry.md).`,
    keyTable(shapeOf(telemetrySection)),
    "### `[ledger]`",
    `${ledgerSection.meta()?.description} See the [guide](../guide/ledger.md).`,
    keyTable(shapeOf(ledgerSection)),
    "### `[gateway]`",
    `${gatewaySection.meta()?.description} See the [guide](../guide/gateway.md).`,
    keyTable(shapeOf(gatewaySection)),
    "### `[record]`",
    `${recordSection.meta()?.description} \`file\` is required. See the [guide](../guide/record-and-replay.md).`,
    keyTable(shapeOf(recordSection)),
  );
}

const INTRO = `Durations are seconds as numbers, or strings such as \`"500ms"\`, \`"30s"\`, \`"2m"\`, \`"1h"\`. Any string may be
\`"env:NAME"\` or \`"env:NAME:-default"\`, and \`"file:PATH"\` is the content of a file. A dash under *default* means not
set. \`modelwright explain NAME\` shows the values of an entry and where each was set.`;

/** The keys of a strict table with their schemas, without the optional wrapper. */
function shapeOf(table: z.ZodType): Shape {
  const { shape } = table as unknown as { shape: Record<string, z.ZodOptional> };
  return Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, value.unwrap() as z.ZodType]));
}

function keyTable(shape: Shape): string {
  return markdownTable(
    ["key", "value", "default", "example", "effect"],
    Object.entries(shape).flatMap(([key, schema]) => keyRows(key, schema)),
  );
}

/** Rows for the key and for the keys of its table. */
function keyRows(key: string, schema: z.ZodType): string[][] {
  const json = z.toJSONSchema(schema, { io: "input", target: "draft-07", unrepresentable: "any" }) as Json;
  return [cells(key, json), ...innerProperties(json).map(([inner, value]) => cells(`${key}.${inner}`, value))];
}

function innerProperties(json: Json): readonly (readonly [string, Json])[] {
  const alternatives = (json.anyOf ?? [json]) as readonly Json[];
  if (alternatives.some(({ type }) => type === "array")) return [];
  return alternatives.flatMap(({ properties, additionalProperties, required }) =>
    additionalProperties === false && required === undefined
      ? Object.entries((properties ?? {}) as Record<string, Json>)
      : [],
  );
}

function cells(key: string, json: Json): string[] {
  const {
    description = "",
    examples = [],
    default: fallback,
  } = json as { description?: string; examples?: unknown[]; default?: unknown };
  const isDuration = DURATION_TAIL.test(description);
  const shown = examples.length > 0 ? examples : likelyExamples(json);
  const example = shown.map((value) => code(shortened(tomlValue(value)))).join(", ");
  const standard =
    fallback === undefined ? "–" : code(tomlValue(fallback) + (isDuration && typeof fallback === "number" ? " s" : ""));
  return [
    code(key),
    isDuration ? ["duration", ...wordsIn(json)].join(" or ") : valueWords(json),
    standard,
    example,
    description.replace(DURATION_TAIL, ""),
  ];
}

/** Words accepted by a duration. */
function wordsIn({ anyOf = [] }: { readonly anyOf?: readonly Json[] }): readonly string[] {
  return anyOf.flatMap(({ const: word }) => (word === undefined ? [] : [code(tomlValue(word))]));
}

/** Examples that differ from the default: the opposite of a boolean, the other words of an enum. */
function likelyExamples({ type, enum: words, default: fallback }: Json): readonly unknown[] {
  if (type === "boolean") return [fallback !== true];
  if (type === "integer" && typeof fallback === "number") return [fallback * 2 || 2];
  const others = Array.isArray(words) ? words.filter((word) => word !== fallback) : [];
  return others.length > 0 ? others.slice(0, 2) : fallback === undefined ? [] : [fallback];
}

/** The descriptions of all durations end with the accepted formats; the page explains them once. */
const DURATION_TAIL = / In seconds, or as a string such as .*$/;

const MAX_EXAMPLE_LENGTH = 70;
function shortened(text: string): string {
  return text.length > MAX_EXAMPLE_LENGTH ? `${text.slice(0, MAX_EXAMPLE_LENGTH)}…` : text;
}

function valueWords(json: Json): string {
  const { type, anyOf, enum: words, minimum, maximum } = json;
  if (Array.isArray(words)) return words.length > 8 ? "word" : words.map((word) => code(tomlValue(word))).join(", ");
  if (json.const !== undefined) return code(tomlValue(json.const));
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map(valueWords))].join(" or ");
  if (type === "number" || type === "integer") return `${type}${range(minimum, maximum)}`;
  if (type === "array") return `array of ${plural(valueWords((json.items ?? {}) as Json))}`;
  return type === "string" || type === "boolean" ? type : "table";
}

function plural(words: string): string {
  return words.replace(/^(string|table|integer|number)\b/, "$1s");
}

function range(minimum: unknown, maximum: unknown): string {
  const low = typeof minimum === "number" && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high = typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low !== undefined && high !== undefined) return ` (${low} to ${high})`;
  return low === undefined ? "" : ` (${low} or more)`;
}
