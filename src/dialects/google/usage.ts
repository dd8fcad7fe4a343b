import type { Usage } from "../../core/usage.ts";
import { usageOf } from "../../core/usage.ts";

type Tree = Readonly<Record<string, unknown>>;

/** The counts of one answer; every chunk may carry them, cumulative, so the last value of a field counts. */
export class UsageFold {
  #fields: Tree = {};

  push(metadata: unknown): void {
    if (typeof metadata === "object" && metadata !== null) this.#fields = { ...this.#fields, ...metadata };
  }

  /** `undefined` when the provider told nothing. */
  usage(): Usage | undefined {
    const count = (name: string) => numberOf(this.#fields[name]);
    if (!Object.values(this.#fields).some((value) => typeof value === "number")) return undefined;
    const cacheRead = count("cachedContentTokenCount");
    const toolUse = count("toolUsePromptTokenCount");
    const thoughts = count("thoughtsTokenCount");
    return usageOf({
      // The prompt includes what was read from the cache, but neither tool results of the provider nor, in output, thoughts.
      input: count("promptTokenCount") - cacheRead + toolUse,
      cacheRead,
      output: count("candidatesTokenCount") + thoughts,
      reasoning: thoughts,
      details: {
        toolUsePrompt: toolUse,
        ...byModality("input", this.#fields["promptTokensDetails"]),
        ...byModality("output", this.#fields["candidatesTokensDetails"]),
      },
    });
  }
}

/** Tokens other than text: `inputImage`, `outputAudio`. */
function byModality(side: "input" | "output", rows: unknown): Record<string, number> {
  const details: Record<string, number> = {};
  for (const row of Array.isArray(rows) ? (rows as Tree[]) : []) {
    const modality = String(row["modality"] ?? "TEXT").toLowerCase();
    if (modality === "text") continue;
    const name = `${side}${modality.charAt(0).toUpperCase()}${modality.slice(1)}`;
    details[name] = (details[name] ?? 0) + numberOf(row["tokenCount"]);
  }
  return details;
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
