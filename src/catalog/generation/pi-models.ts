import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Price } from "../../core/cost.ts";
import { EFFORTS, type Effort } from "../../core/request.ts";
import type { Capability } from "../../core/target.ts";
import type { ModelRow } from "../model-row.ts";
import { tierAbove } from "../tier-start.ts";

/** The fields of a model in the package's data files that the catalog uses. */
interface PiModel {
  readonly id: string;
  readonly type: string;
  readonly reasoning?: boolean;
  readonly input: readonly string[];
  readonly cost: PiCost;
  readonly contextWindow?: number;
  readonly maxTokens?: number;
  /** Level -> wire value; null: unsupported; absent: unchanged, but `xhigh` and `max` only if listed. */
  readonly thinkingLevelMap?: Readonly<Record<string, string | null>>;
  readonly compat?: Readonly<Record<string, unknown>>;
}
interface PiRates {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}
interface PiCost extends PiRates {
  readonly tiers?: readonly (PiRates & { readonly inputTokensAbove: number })[];
}

type PiFile = Readonly<Record<string, Readonly<Record<string, PiModel>>>>;

/** Encoding of the reasoning effort by wire format of the package. */
const WIRES: Readonly<Record<string, NonNullable<ModelRow["reasoningWire"]>>> = {
  "openai-completions": "effort",
  "openai-responses": "effort",
  "azure-openai-responses": "effort",
  "mistral-conversations": "effort",
  "anthropic-messages": "budget",
  "google-generative-ai": "level",
  "google-vertex": "level",
};
/** Hosts that use the OpenAI wire formats, regardless of the package. */
const OPENAI_HOSTED = new Set(["fireworks", "openrouter", "github-copilot"]);
/** Hosts where some models are served only by the Responses wire format. */
const RESPONSES_ONLY = new Set(["github-copilot"]);

export function readPiModels(directory: string, file: string): readonly ModelRow[] {
  const data = readData(directory, file);
  const windows = file === "openai" ? contextsOf(readData(directory, "azure")) : new Map<string, number>();
  return Object.entries(data).flatMap(([wire, models]) =>
    Object.values(models)
      .filter((model) => model.type === "chat")
      .map((model) => withFullWindow(rowFrom(model, wire, file), windows)),
  );
}

function readData(directory: string, file: string): PiFile {
  return JSON.parse(readFileSync(join(directory, `${file}.json`), "utf8")) as PiFile;
}

function contextsOf(data: PiFile): Map<string, number> {
  return new Map(
    Object.values(data).flatMap((models) =>
      Object.values(models).map((model) => [model.id, model.contextWindow ?? 0] as const),
    ),
  );
}

/** For OpenAI's API, the package limits the context to the lower price tier; its Azure rows have the full window. */
function withFullWindow(row: ModelRow, windows: ReadonlyMap<string, number>): ModelRow {
  const context = Math.max(row.context ?? 0, windows.get(row.id) ?? 0);
  return context > 0 ? { ...row, context } : row;
}

function rowFrom(model: PiModel, wire: string, file: string): ModelRow {
  const price = priceFrom(model);
  return {
    id: model.id,
    ...(model.contextWindow !== undefined && { context: model.contextWindow }),
    ...(model.maxTokens !== undefined && { maxOutput: model.maxTokens }),
    ...capabilitiesFrom(model),
    ...(model.reasoning === true && reasoningFrom(model, OPENAI_HOSTED.has(file) ? "effort" : wireFrom(model, wire))),
    ...(RESPONSES_ONLY.has(file) && wire === "openai-responses" && { dialect: "openai-responses" }),
    ...(price !== undefined && { price }),
  };
}

/** All models of the package support tools; `input` lists their input types. */
function capabilitiesFrom(model: PiModel): Pick<ModelRow, "can" | "cannot"> {
  const has: Record<string, boolean> = {
    tools: true,
    streaming: true,
    reasoning: model.reasoning === true,
    vision: model.input.includes("image"),
  };
  if (model.compat?.supportsTemperature === false) has.temperature = false;
  const names = Object.keys(has) as Capability[];
  return { can: names.filter((name) => has[name]), cannot: names.filter((name) => !has[name]) };
}

function wireFrom(model: PiModel, wire: string): ModelRow["reasoningWire"] {
  return model.compat?.forceAdaptiveThinking === true ? "adaptive" : WIRES[wire];
}

function reasoningFrom(
  model: PiModel,
  wire: ModelRow["reasoningWire"],
): Pick<ModelRow, "reasoningWire" | "efforts" | "lacks"> {
  if (wire === undefined) return {};
  if (wire === "effort" && model.compat?.supportsReasoningEffort === false) return { lacks: ["reasoningEffort"] };
  const { thinkingLevelMap: map } = model;
  if (map === undefined || wire === "budget") return { reasoningWire: wire };
  const efforts = EFFORTS.filter((word) => takes(word, map, wire));
  return { reasoningWire: wire, ...(efforts.length > 0 && { efforts }) };
}

function takes(word: Effort, map: Readonly<Record<string, string | null>>, wire: string): boolean {
  if (word === "none") return wire === "adaptive" ? map.off !== null : wire === "effort" && map.off === "none";
  if (word === "minimal" && wire === "adaptive") return false;
  const mapped = map[word];
  if (mapped === undefined) return word !== "xhigh" && word !== "max";
  return mapped?.toLowerCase() === word;
}

/** All zeros mean a free model if the id says so, otherwise an unknown price. */
function priceFrom(model: PiModel): Price | undefined {
  const { cost } = model;
  const free = /(^|[:-])free$/.test(model.id);
  if (cost.input < 0 || cost.output < 0 || (cost.input === 0 && cost.output === 0 && !free)) return undefined;
  const tiers = (cost.tiers ?? []).map((tier) => ({
    above: tierAbove(tier.inputTokensAbove, model.id),
    ...ratesFrom(tier),
  }));
  return { ...ratesFrom(cost), ...(tiers.length > 0 && { tiers }) };
}

/** A cache rate of zero means no rate; such tokens are charged as input. */
function ratesFrom(rates: PiRates): PiRatesOnly {
  const { input, output, cacheRead, cacheWrite } = rates;
  return { input, output, ...(cacheRead > 0 && { cacheRead }), ...(cacheWrite > 0 && { cacheWrite }) };
}
type PiRatesOnly = Pick<Price, "input" | "output" | "cacheRead" | "cacheWrite">;
