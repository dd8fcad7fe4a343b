import * as z from "zod";
import type { Price, PriceTier } from "../core/cost.ts";
import { isPlainId } from "../core/plain-id.ts";
import { EFFORTS } from "../core/request.ts";
import type { Capability } from "../core/target.ts";
import { withFamilyFacts } from "./family-facts.ts";
import { mergeFacts } from "./merge-facts.ts";
import type { ModelRow } from "./model-row.ts";
import { ADDED_MODELS } from "./older-models.ts";
import { tierAbove } from "./tier-start.ts";

/** URL of the public document. Its format: https://github.com/anomalyco/models.dev */
export const MODELS_DEV_URL = "https://models.dev/api.json";

/** An invalid document; `message` completes the sentence "the document … ". */
export class UnusableDocument extends Error {}

/** Provider ids that differ in the document. */
const OUR_IDS: ReadonlyMap<string, string> = new Map([
  ["amazon-bedrock", "bedrock"],
  ["togetherai", "together"],
  ["fireworks-ai", "fireworks"],
  ["moonshotai", "moonshot"],
  ["alibaba", "dashscope"],
  ["github-models", "github"],
  ["github-copilot", "copilot"],
  ["google-vertex", "vertex"],
]);

/** About twenty times the size of the document in 2026. */
const MAX_PROVIDERS = 3_000;
const MAX_MODELS = 100_000;

export interface ReadDocument {
  /** Rows by provider, with our ids. */
  readonly tables: ReadonlyMap<string, readonly ModelRow[]>;
  /** Day of its newest fact, ISO format; undefined if it has no dates. */
  readonly asOf: string | undefined;
}

/**
 * Rows from the models.dev document, by provider. Missing fields and fields of a wrong type are omitted, invalid prices
 * entirely. Our rules for model families take precedence.
 */
export function readModelsDev(document: unknown): ReadDocument {
  if (!isRecord(document)) throw new UnusableDocument("is not a JSON object");
  const providers = Object.entries(document).filter(([id, value]) => isProviderId(id) && isRecord(value));
  if (providers.length > MAX_PROVIDERS) throw new UnusableDocument(`has more than ${MAX_PROVIDERS} providers`);
  const tables = new Map<string, readonly ModelRow[]>();
  let count = 0;
  let asOf: string | undefined;
  for (const [theirs, value] of providers) {
    const models = (value as Record<string, unknown>)["models"];
    if (!isRecord(models)) continue;
    const ids = Object.keys(models);
    count += ids.length;
    if (count > MAX_MODELS) throw new UnusableDocument(`has more than ${MAX_MODELS} models`);
    const provider = OUR_IDS.get(theirs) ?? theirs;
    const rows: ModelRow[] = [];
    for (const id of ids) {
      const { data } = model.safeParse(models[id]);
      const row = data === undefined ? undefined : rowOf(provider, id, data);
      if (row === undefined) continue;
      rows.push(row);
      if (data?.last_updated !== undefined && data.last_updated > (asOf ?? "")) asOf = data.last_updated;
    }
    if (rows.length > 0)
      tables.set(
        provider,
        rows.sort((left, right) => (left.id < right.id ? -1 : 1)),
      );
  }
  if (tables.size === 0) throw new UnusableDocument("has no provider with models in the format of models.dev");
  return { tables, asOf };
}

function isProviderId(id: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,99}$/i.test(id);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const flag = z.boolean().optional().catch(undefined);
/** A limit of 0 means unknown. */
const tokens = z.int().positive().max(1_000_000_000).optional().catch(undefined);
const day = z
  .string()
  .regex(/^20\d\d-\d\d(-\d\d)?$/)
  .optional()
  .catch(undefined);
const words = z.array(z.string()).optional().catch(undefined);
const usd = z.number().nonnegative().max(1_000_000);
const rates = {
  input: usd,
  output: usd,
  reasoning: usd.optional(),
  cache_read: usd.optional(),
  cache_write: usd.optional(),
};
const cost = z.object({
  ...rates,
  tiers: z
    .array(
      z.object({
        ...rates,
        tier: z.object({ type: z.literal("context").default("context"), size: z.int().nonnegative() }),
      }),
    )
    .max(20)
    .optional(),
  context_over_200k: z.object(rates).optional(),
});

const model = z.object({
  tool_call: flag,
  reasoning: flag,
  temperature: flag,
  structured_output: flag,
  modalities: z.object({ input: words, output: words }).optional().catch(undefined),
  limit: z.object({ context: tokens, output: tokens }).optional().catch(undefined),
  cost: cost.optional().catch(undefined),
  release_date: day,
  last_updated: day,
  status: z.string().optional().catch(undefined),
  reasoning_options: z
    .array(z.looseObject({ type: z.string(), values: z.array(z.unknown()).optional() }))
    .optional()
    .catch(undefined),
});
type Model = z.output<typeof model>;

function rowOf(provider: string, id: string, data: Model): ModelRow | undefined {
  if (!isPlainId(id) || data.modalities?.output?.includes("text") === false) return undefined;
  const added = ADDED_MODELS.filter((group) => group.providers.includes(provider)).flatMap((group) => group.models);
  const checked = added.filter((row) => row.id === id).map(({ price: _, ...facts }) => facts);
  return withFamilyFacts(provider, checked.reduce(mergeFacts, factsFrom(id, data)));
}

function factsFrom(id: string, data: Model): ModelRow {
  const { limit, release_date, status } = data;
  const abilities = Object.entries(abilitiesOf(data)) as [Capability, boolean | undefined][];
  const price = data.cost === undefined ? undefined : priceFrom(data.cost, id);
  const efforts = effortsOf(data);
  return {
    id,
    ...(limit?.context !== undefined && { context: limit.context }),
    ...(limit?.output !== undefined && { maxOutput: limit.output }),
    can: abilities.filter(([, has]) => has === true).map(([name]) => name),
    cannot: abilities.filter(([, has]) => has === false).map(([name]) => name),
    ...(efforts.length > 0 && { efforts }),
    ...(release_date !== undefined && { releasedOn: release_date }),
    ...(status === "deprecated" && { deprecated: true as const }),
    ...(price !== undefined && { price }),
  };
}

function abilitiesOf({ tool_call, reasoning, temperature, structured_output, modalities }: Model) {
  const reads = (kind: string) => modalities?.input?.includes(kind);
  return {
    tools: tool_call,
    reasoning,
    temperature,
    jsonSchema: structured_output,
    vision: reads("image"),
    files: reads("pdf"),
    audio: reads("audio"),
  } satisfies Partial<Record<Capability, boolean | undefined>>;
}

function effortsOf({ reasoning, reasoning_options = [] }: Model): ModelRow["efforts"] & object {
  const values =
    reasoning === true
      ? reasoning_options.flatMap(({ type, values }) => (type === "effort" ? (values ?? []) : []))
      : [];
  return EFFORTS.filter((word) => values.includes(word));
}

type Rates = Omit<z.output<typeof cost>, "tiers" | "context_over_200k">;

/** Undefined if a price per token would be wrong: reasoning with another rate, or a price of 0 for a model that is not free. */
function priceFrom({ tiers, context_over_200k, ...base }: z.output<typeof cost>, id: string): Price | undefined {
  const isFree = base.input === 0 && base.output === 0;
  if (isFree && !/(^|[:-])free$/.test(id)) return undefined;
  const legacy = context_over_200k === undefined ? [] : [{ ...context_over_200k, tier: { size: 200_000 } }];
  const above = tiers ?? legacy;
  if ([base, ...above].some(({ reasoning, output }) => reasoning !== undefined && reasoning !== output))
    return undefined;
  const steps = above.map(
    ({ tier, ...rates }): PriceTier => ({ above: tierAbove(tier.size, id), ...ratesFrom(rates) }),
  );
  return { ...ratesFrom(base), ...(steps.length > 0 && { tiers: steps }) };
}

function ratesFrom({ input, output, cache_read, cache_write }: Rates) {
  // A rate of 0 means no rate; such tokens are charged as input.
  return {
    input,
    output,
    ...((cache_read ?? 0) > 0 && { cacheRead: cache_read as number }),
    ...((cache_write ?? 0) > 0 && { cacheWrite: cache_write as number }),
  };
}
