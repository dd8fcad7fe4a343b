import type { Price } from "../core/cost.ts";
import type { Capabilities, EmbeddingFacts, ModelFacts } from "../core/target.ts";
import { encodingOf } from "./encodings.ts";
import { fineTunedFrom, rowOf, searchOrder, vendorOf } from "./find-row.ts";
import type { ModelRow } from "./model-row.ts";
import { priceOf } from "./price.ts";
import { type Overlay, tableNames, tableOf } from "./table.ts";
import { toolWireOf } from "./tool-wires.ts";

/** The catalog's facts about a model id, independent of the provider. */
export interface ModelInfo {
  /** The catalog's id; for a dated copy, that of its release. */
  readonly id: string;
  readonly provider: string;
  /** Context window: maximum tokens of prompt and answer. */
  readonly context: number | undefined;
  /** Maximum tokens of an answer. */
  readonly maxOutput: number | undefined;
  readonly capabilities: Capabilities;
  readonly price: Price | undefined;
  /** Release day or month, ISO format, if known. */
  readonly releasedOn: string | undefined;
  /** Whether its provider has deprecated it. */
  readonly deprecated: boolean;
  /** Last day of service, ISO format, if announced. */
  readonly retiresOn: string | undefined;
}

const UNKNOWN: ModelFacts = Object.freeze({ known: false, capabilities: Object.freeze({}) });

/** The facts about a model at a provider; `known: false` without restrictions if the catalog has no row. */
export function factsOf(providerId: string, modelId: string, overlay?: Overlay): ModelFacts {
  const listed = listedFacts(providerId, modelId, overlay);
  const wire = toolWireOf(providerId, modelId);
  const encoding = encodingOf(providerId, modelId);
  if (wire.toolsDialect === undefined && encoding === undefined) return listed;
  return { ...listed, ...wire, ...(encoding !== undefined && { encoding }) };
}

function listedFacts(providerId: string, modelId: string, overlay: Overlay | undefined): ModelFacts {
  const row = rowOf(providerId, modelId, overlay);
  if (row !== undefined) return factsFrom(row);
  const [home, bare] = vendorOf(modelId);
  const elsewhere = home === undefined ? undefined : rowOf(home, bare, overlay);
  return elsewhere === undefined ? UNKNOWN : travellingFacts(elsewhere);
}

function factsFrom(row: ModelRow): ModelFacts {
  const { context, maxOutput, efforts, reasoningWire, lacks, lacksWithEffort, oneSampler, systemRole } = row;
  const { anthropicVersion, dialect, toolResultMedia, embedding, retiresOn } = row;
  const settings = { efforts, reasoningWire, lacks, lacksWithEffort, oneSampler };
  const wire = { ...settings, systemRole, anthropicVersion, dialect, toolResultMedia, embedding, retiresOn };
  const facts = Object.entries({ context, maxOutput, ...wire }).filter(([, value]) => value !== undefined);
  return { known: true, capabilities: capabilitiesOf(row), ...Object.fromEntries(facts) };
}

/** Facts that also apply at other providers; wire format, versions and dates apply only to the vendor's API. */
function travellingFacts(row: ModelRow): ModelFacts {
  const { context, maxOutput, lacks, lacksWithEffort, oneSampler, efforts, toolResultMedia, embedding } = row;
  const settings = { lacks, lacksWithEffort, oneSampler, efforts, toolResultMedia };
  const lengths = embedding && lengthsOf(embedding);
  return { known: true, capabilities: capabilitiesOf(row), context, maxOutput, ...settings, embedding: lengths };
}

/** How many texts a request may have is up to the provider. */
function lengthsOf({ dimensions, sizes }: EmbeddingFacts): EmbeddingFacts {
  return { dimensions, sizes };
}

function capabilitiesOf(row: ModelRow): Capabilities {
  const entries = [...(row.can ?? []).map((name) => [name, true]), ...(row.cannot ?? []).map((name) => [name, false])];
  return Object.fromEntries(entries);
}

/** The catalog's facts about an id, preferably from the model's vendor; null for an unknown id. */
export function infoOf(modelId: string, overlay?: Overlay): ModelInfo | null {
  for (const provider of searchOrder(overlay)) {
    const row = rowOf(provider, modelId, overlay);
    if (row !== undefined) return infoFrom(modelId, provider, row, overlay);
  }
  return null;
}

function infoFrom(modelId: string, provider: string, row: ModelRow, overlay?: Overlay): ModelInfo {
  const { id, context, maxOutput, releasedOn, deprecated = false, retiresOn } = row;
  return {
    id,
    provider,
    context,
    maxOutput,
    capabilities: capabilitiesOf(row),
    // By the requested id: a fine-tuned model has the facts of its base, but another price.
    price: priceOf(provider, fineTunedFrom(modelId) === undefined ? id : modelId, undefined, overlay),
    releasedOn,
    deprecated,
    retiresOn,
  };
}

/** All model ids of the catalog, sorted, each once; with a provider, those of its table. */
export function catalogIds(providerId?: string, overlay?: Overlay): readonly string[] {
  const names = providerId === undefined ? [...tableNames(), ...(overlay?.names() ?? [])] : [providerId];
  const tables = names.flatMap((name) => [tableOf(name), overlay?.table(name)]);
  const ids = tables.flatMap((table) => [...(table?.byId.keys() ?? [])]);
  return [...new Set(ids)].sort();
}
