import type { Usage } from "../../core/usage.ts";
import { usageOf } from "../../core/usage.ts";

type Tree = Readonly<Record<string, unknown>>;

/**
 * The counts of one answer. They come at its start and again, cumulative, at its end: a later value of a field replaces
 * the earlier one, nothing is added up.
 */
export class UsageFold {
  #fields: Record<string, unknown> | undefined;

  push(usage: unknown): void {
    if (!isTree(usage)) return;
    this.#fields ??= {};
    for (const [name, value] of Object.entries(usage)) {
      if (value !== null && value !== undefined) this.#fields[name] = value;
    }
  }

  /** `undefined` when the provider told nothing. */
  usage(): Usage | undefined {
    const fields = this.#fields;
    if (fields === undefined) return undefined;
    const creation = treeOf(fields["cache_creation"]);
    const server = treeOf(fields["server_tool_use"]);
    return usageOf({
      input: numberOf(fields["input_tokens"]),
      cacheRead: numberOf(fields["cache_read_input_tokens"]),
      cacheWrite: numberOf(fields["cache_creation_input_tokens"]),
      output: numberOf(fields["output_tokens"]),
      reasoning: numberOf(treeOf(fields["output_tokens_details"])["thinking_tokens"]),
      details: {
        cacheWrite5m: numberOf(creation["ephemeral_5m_input_tokens"]),
        cacheWrite1h: numberOf(creation["ephemeral_1h_input_tokens"]),
        webSearchRequests: numberOf(server["web_search_requests"]),
        webFetchRequests: numberOf(server["web_fetch_requests"]),
      },
    });
  }
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function treeOf(value: unknown): Tree {
  return isTree(value) ? value : {};
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}
