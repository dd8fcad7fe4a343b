import { aliasOf, stemOf } from "./identity.ts";
import type { ModelRow } from "./model-row.ts";
import { tableNames, tableOf } from "./table.ts";
import { VENDORS } from "./vendors.ts";

/** The row of exactly this model: its id, another name for it, or a copy of it. */
export function rowOf(providerId: string, modelId: string): ModelRow | undefined {
  const table = tableOf(providerId);
  if (table === undefined) return undefined;
  for (const id of namesOf(modelId)) {
    const row = table.byId.get(id) ?? table.byStem.get(id);
    if (row !== undefined) return row;
  }
  return undefined;
}

/** The id itself first, then without what a gateway puts before it and what a release puts after it. */
function namesOf(modelId: string): readonly string[] {
  const bare = fineTunedFrom(modelId) ?? vendorOf(modelId)[1];
  const names = [modelId, bare, aliasOf(bare), stemOf(bare), aliasOf(stemOf(bare))];
  return names.filter((name): name is string => name !== undefined && name !== "");
}

/** OpenAI names a fine-tuned model `ft:BASE:ORGANIZATION:NAME:ID`. */
export function fineTunedFrom(modelId: string): string | undefined {
  return modelId.startsWith("ft:") ? modelId.split(":")[1] : undefined;
}

/** `anthropic/claude-…` -> the provider that makes it, and the id it has there. */
export function vendorOf(modelId: string): readonly [string | undefined, string] {
  const slash = modelId.indexOf("/");
  const home = slash < 0 ? undefined : VENDORS.get(modelId.slice(0, slash));
  return home === undefined ? [undefined, modelId] : [home, modelId.slice(slash + 1)];
}

/** Makers before those who serve models of others. */
export function searchOrder(): readonly string[] {
  return [...new Set([...VENDORS.values(), ...tableNames()])];
}
