import { type Usage, usageOf } from "../../core/usage.ts";
import { ReportedCounts } from "../reported-counts.ts";

type Tree = Readonly<Record<string, unknown>>;

/** The token counts of one answer; every chunk may have cumulative ones. */
export class UsageFold {
  readonly #counts = new ReportedCounts();
  readonly #details = new Set<string>();
  #serviceTier: string | undefined;

  push(metadata: unknown): void {
    if (!isTree(metadata)) return;
    const modalities = {
      ...byModality("input", metadata["promptTokensDetails"]),
      ...byModality("output", metadata["candidatesTokensDetails"]),
      ...byModality("cached", metadata["cacheTokensDetails"]),
      ...byModality("toolUse", metadata["toolUsePromptTokensDetails"]),
    };
    for (const name of Object.keys(modalities)) this.#details.add(name);
    this.#counts.push({
      prompt: metadata["promptTokenCount"],
      cacheRead: metadata["cachedContentTokenCount"],
      toolUse: metadata["toolUsePromptTokenCount"],
      answer: metadata["candidatesTokenCount"],
      thoughts: metadata["thoughtsTokenCount"],
      ...modalities,
    });
    // The Gemini API reports the tier, Vertex the traffic type.
    const tier = metadata["serviceTier"] ?? metadata["trafficType"];
    if (typeof tier === "string") this.#serviceTier = tier;
  }

  /** Web searches of this candidate; each is charged (ai.google.dev/gemini-api/docs/pricing). */
  pushGrounding(grounding: unknown): void {
    if (!isTree(grounding)) return;
    const size = (name: string) => (Array.isArray(grounding[name]) ? grounding[name].length : 0);
    const searches = Math.max(size("webSearchQueries"), Math.min(1, size("groundingChunks")));
    if (searches > this.#counts.of("webSearchRequests")) this.#counts.push({ webSearchRequests: searches });
  }

  get serviceTier(): string | undefined {
    return this.#serviceTier;
  }

  /** `undefined` if the server reported nothing, or only zeros. */
  usage(): Usage | undefined {
    const of = (name: string) => this.#counts.of(name);
    const [prompt, cacheRead, thoughts] = [of("prompt"), of("cacheRead"), of("thoughts")];
    const output = of("answer") + thoughts;
    if (prompt + cacheRead + output === 0) return undefined;
    return usageOf({
      // The prompt count includes cache reads, but not the provider's tool results; the output count excludes thoughts.
      input: (cacheRead > prompt ? prompt : prompt - cacheRead) + of("toolUse"),
      cacheRead,
      output,
      reasoning: thoughts,
      estimated: this.#counts.flawed,
      details: {
        toolUsePrompt: of("toolUse"),
        webSearchRequests: of("webSearchRequests"),
        ...Object.fromEntries([...this.#details].map((name) => [name, of(name)])),
      },
    });
  }
}

/** The counts as a chunk reports them. What was written to a cache is a part of the prompt. */
export function usageMetadata({ input, cacheRead, cacheWrite, output, reasoning, details }: Usage): Tree {
  const { toolUsePrompt = 0 } = details;
  const prompt = input + cacheRead + cacheWrite - toolUsePrompt;
  const inputs = modalitiesOf("input", details);
  const outputs = modalitiesOf("output", details);
  return {
    promptTokenCount: prompt,
    ...(output > reasoning && { candidatesTokenCount: output - reasoning }),
    totalTokenCount: prompt + toolUsePrompt + output,
    ...(cacheRead > 0 && { cachedContentTokenCount: cacheRead }),
    ...(toolUsePrompt > 0 && { toolUsePromptTokenCount: toolUsePrompt }),
    promptTokensDetails: withText(inputs, prompt),
    ...(outputs.length > 0 && { candidatesTokensDetails: outputs }),
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
  };
}

interface ModalityCount {
  readonly modality: string;
  readonly tokenCount: number;
}

function modalitiesOf(side: "input" | "output", details: Usage["details"]): readonly ModalityCount[] {
  return Object.entries(details).flatMap(([name, tokenCount]) => {
    const [, modality] = new RegExp(`^${side}([A-Z][a-z]+)$`).exec(name) ?? [];
    return modality === undefined ? [] : [{ modality: modality.toUpperCase(), tokenCount }];
  });
}

/** Whatever is nothing else is text. */
function withText(modalities: readonly ModalityCount[], all: number): readonly ModalityCount[] {
  const others = modalities.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  return [{ modality: "TEXT", tokenCount: Math.max(0, all - others) }, ...modalities];
}

/** Tokens other than text: `inputImage`, `outputAudio`, `cachedAudio`. */
function byModality(side: "input" | "output" | "cached" | "toolUse", rows: unknown): Record<string, unknown> {
  const details: Record<string, unknown> = {};
  for (const row of Array.isArray(rows) ? rows.filter(isTree) : []) {
    const modality = String(row["modality"] ?? "TEXT").toLowerCase();
    if (modality === "text") continue;
    const name = `${side}${modality.charAt(0).toUpperCase()}${modality.slice(1)}`;
    const [before, count] = [details[name], row["tokenCount"]];
    details[name] = typeof before === "number" && typeof count === "number" ? before + count : (count ?? before);
  }
  return details;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}
