import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Price } from "../../core/cost.ts";
import { withFamilyFacts } from "../family-facts.ts";
import { isDated, sameModel, stemOf } from "../identity.ts";
import type { PriceRow } from "../listed-price.ts";
import { mergeFacts } from "../merge-facts.ts";
import type { ModelRow } from "../model-row.ts";
import { ADDED_MODELS } from "../older-models.ts";
import { enumeratedIds, exactPrice, packageModel, packageModels } from "./package-price.ts";
import { readPiModels } from "./pi-models.ts";
import { PI_PACKAGE } from "./pinned-package.ts";
import { priceRowsOf } from "./price-tables.ts";

/** Provider -> data file with its models; empty if only prices are known. */
const SOURCES: Readonly<Record<string, string>> = {
  anthropic: "anthropic",
  azure: "azure",
  bedrock: "amazon-bedrock",
  cerebras: "cerebras",
  cohere: "",
  copilot: "github-copilot",
  dashscope: "qwen-token-plan",
  deepseek: "deepseek",
  fireworks: "fireworks",
  google: "google",
  groq: "groq",
  huggingface: "huggingface",
  mistral: "mistral",
  moonshot: "moonshotai",
  nvidia: "nvidia",
  openai: "openai",
  openrouter: "openrouter",
  perplexity: "",
  together: "together",
  vertex: "google-vertex",
  xai: "xai",
  zhipuai: "zai",
};

/** Models without text output, and ids of the price package that no API accepts. */
const NOT_A_CHAT_MODEL = [
  /embed|tts|transcribe|whisper|realtime|moderation|image|ocr|live|voice|guard|instruct|vision-preview|native-audio|^(flux|veo|imagen|ada|babbage|curie|davinci|text-davinci)/i,
  /^ft:|\.ft-|:|-maas$|text-preview$/,
  /^gpt-(35|\d-\d|3\.5-0301|5(\.\d)?-chat$|5\.1-mini$)|^(gpt-oss|text-)|-mini-high$|^(computer-use|codex-mini|claude-v1|claude-2)$/,
  /^(gemini-(flash|pro)-1\.5|deepseek-(chat-v|r1-)|x-ai\/)/,
];
/** Providers, and their models, for which models without facts are added from the price package; for others its ids are families, not wire ids. */
const PRICED_ONLY: Readonly<Record<string, RegExp>> = {
  openai: /./,
  anthropic: /./,
  google: /^gem/,
  deepseek: /./,
  groq: /./,
  mistral: /./,
  xai: /./,
  together: /^(meta-llama|deepseek-ai|mistralai|Qwen)\//,
  moonshot: /./,
  zhipuai: /./,
  cohere: /^command/,
  cerebras: /./,
};

export interface Tables {
  readonly generatedAt: string;
  /** Versions of the packages with the models and the prices. */
  readonly modelsVersion: string;
  readonly pricesVersion: string;
  readonly rows: ReadonlyMap<string, readonly ModelRow[]>;
  readonly prices: ReadonlyMap<string, readonly PriceRow[]>;
}

/** Tables from the data files of `PI_PACKAGE`. */
export function buildTables(dataDirectory: string, modelsVersion: string): Tables {
  const manifest = JSON.parse(readFileSync(join(dataDirectory, ".manifest.json"), "utf8")) as { generatedAt: string };
  const generatedAt = manifest.generatedAt.slice(0, 10);
  const at = new Date(`${generatedAt}T12:00:00Z`);
  const rows = Object.entries(SOURCES).map(
    ([provider, file]) => [provider, tableFor(provider, file, dataDirectory, at)] as const,
  );
  const prices = rows
    .map(([provider, models]) => [provider, priceRowsOf(provider, models, at)] as const)
    .filter(([, own]) => own.length > 0);
  const pricesVersion = packageVersion();
  return { generatedAt, modelsVersion, pricesVersion, rows: new Map(rows), prices: new Map(prices) };
}

function packageVersion(): string {
  const path = createRequire(import.meta.url)
    .resolve("@pydantic/genai-prices")
    .replace(/dist[\\/].*$/s, "package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

function tableFor(provider: string, file: string, directory: string, at: Date): ModelRow[] {
  const models = new Map<string, ModelRow>();
  for (const row of file === "" ? [] : readPiModels(directory, file)) models.set(row.id, row);
  const added = ADDED_MODELS.filter((group) => group.providers.includes(provider)).flatMap((group) => group.models);
  for (const row of added) models.set(row.id, mergeFacts(models.get(row.id) ?? { id: row.id }, row));
  for (const id of pricedIds(provider, [...models.keys()], at)) models.set(id, { id });
  const hasOwnPrice = new Set(added.filter((row) => row.price !== undefined).map((row) => row.id));
  return [...models.values()]
    .map((row) => (hasOwnPrice.has(row.id) ? row : withPrice(provider, row, at)))
    .map((row) => withFamilyFacts(provider, row))
    .sort((left, right) => (left.id < right.id ? -1 : 1));
}

/** Ids that only the price package lists. */
function pricedIds(provider: string, taken: readonly string[], at: Date): string[] {
  const wanted = PRICED_ONLY[provider];
  if (wanted === undefined) return [];
  return packageModels(provider)
    .flatMap((model) => [model.id, ...enumeratedIds(model.match)])
    .map((id) => (provider === "zhipuai" ? id.toLowerCase() : id))
    .filter((id) => wanted.test(id) && !NOT_A_CHAT_MODEL.some((pattern) => pattern.test(id)))
    .filter((id) => !taken.includes(id) && !isCopyOfKnown(id, taken) && exactPrice(provider, id, at) !== undefined);
}

function isCopyOfKnown(id: string, known: readonly string[]): boolean {
  return known.some((other) => sameModel(id, other) && (isDated(id) || stemOf(id) !== id || isDated(other)));
}

/**
 * The price package takes precedence for its own ids, or if it matches the model data and has more detail. For copies and
 * pointers it may refer to an older release, so the model data takes precedence.
 */
function withPrice(provider: string, row: ModelRow, at: Date): ModelRow {
  const { price: own, ...rest } = row;
  const listed = exactPrice(provider, row.id, at, row.embedding !== undefined);
  const price = own === undefined || isOwnId(provider, row.id, at) || agree(own, listed) ? (listed ?? own) : own;
  if (price === listed && price !== undefined && isTimed(provider, row.id, at)) return { ...rest, timedPrice: true };
  return price === undefined ? rest : { ...rest, price };
}

function isOwnId(provider: string, id: string, at: Date): boolean {
  return packageModel(provider, id, at)?.id.toLowerCase() === id.toLowerCase();
}

function agree(left: Price, right: Price | undefined): boolean {
  return left.input === right?.input && left.output === right.output;
}

/** Whether the price depends on the hour, or a change is announced. */
function isTimed(provider: string, id: string, at: Date): boolean {
  const prices = packageModel(provider, id, at)?.prices;
  if (!Array.isArray(prices)) return false;
  return prices.some(
    ({ constraint }) =>
      constraint !== undefined && (constraint.type === "time_of_date" || new Date(constraint.start_date) > at),
  );
}

export function renderTables(tables: Tables): string {
  return [
    header(tables),
    "/** Day of the data. */\n",
    `export const CATALOG_DATE = "${tables.generatedAt}";\n\n`,
    "/** Rows of `ModelRow` as JSON text, by provider. */\n",
    `export const MODEL_TABLES: Readonly<Record<string, string>> = {\n${rendered(tables.rows)}};\n`,
  ].join("");
}

export function renderPrices(tables: Tables): string {
  return [
    header(tables),
    "/** Rows of `PriceRow` as JSON text, by provider. */\n",
    `export const PRICE_TABLES: Readonly<Record<string, string>> = {\n${rendered(tables.prices)}};\n`,
  ].join("");
}

function header({ modelsVersion, pricesVersion }: Tables): string {
  return (
    `// Generated by scripts/generate-catalog.ts from ${PI_PACKAGE} ${modelsVersion} and @pydantic/genai-prices ${pricesVersion} (both MIT, see NOTICE),\n` +
    "// src/catalog/facts.ts and src/catalog/older-models.ts. Do not edit.\n\n"
  );
}

function rendered(rows: ReadonlyMap<string, readonly object[]>): string {
  return [...rows].map(([provider, own]) => `  ${provider}: \`[\n${own.map(renderRow).join(",\n")}\n]\`,\n`).join("");
}

function renderRow(row: object): string {
  const text = JSON.stringify(row);
  if (/[`\\]|\$\{/.test(text)) throw new Error(`A row cannot be written as it is: ${text}`);
  return text;
}
