import { nearest } from "../core/suggest.ts";
import { currentModelsOf, wordsOf } from "./current-models.ts";
import { vendorOf } from "./find-row.ts";
import { catalogIds } from "./lookup.ts";
import { VENDOR_PROVIDERS } from "./providers-vendors.ts";
import type { Overlay } from "./table.ts";

/** The current model to replace a retiring one: of its family, or of the wider family. */
export function successorOf(providerId: string, modelId: string): string | undefined {
  const words = wordsOf(modelId);
  const candidates = currentModelsOf(providerId).filter((id) => wordsOf(id).every((word) => words.includes(word)));
  return candidates.sort((left, right) => wordsOf(right).length - wordsOf(left).length)[0];
}

/** LiteLLM's provider prefixes, which are not part of an id. */
const PREFIXES: ReadonlyMap<string, string> = new Map([
  ["together_ai", "together"],
  ["fireworks_ai", "fireworks"],
  ["vertex_ai", "vertex"],
  ["gemini", "google"],
  ["ollama", "ollama"],
  ["ollama_chat", "ollama"],
  ["lm_studio", "lmstudio"],
  ["hosted_vllm", "vllm"],
]);

/** A provider prefix before a slash in an id, if the entry's provider has no such ids. */
export function prefixedId(
  providerId: string,
  modelId: string,
  overlay?: Overlay,
): { readonly provider: string; readonly id: string } | undefined {
  const slash = modelId.indexOf("/");
  const prefix = modelId.slice(0, Math.max(0, slash));
  // Gemini lists its models as `models/ID` and accepts both.
  if (prefix === "" || prefix === "models") return undefined;
  const named = PREFIXES.get(prefix);
  const provider = named ?? vendorOf(modelId)[0] ?? prefix;
  const ids = catalogIds(providerId, overlay);
  if (named === undefined && (ids.length === 0 || ids.some((id) => id.includes("/")))) return undefined;
  const known = provider === providerId || catalogIds(provider, overlay).length > 0;
  return known ? { provider, id: modelId.slice(slash + 1) } : undefined;
}

/** The catalog's id closest to a misspelled one. A different number is another model, never a typo. */
export function nearId(providerId: string, modelId: string, overlay?: Overlay): string | undefined {
  const words = splitId(modelId);
  const sorted = [...words].sort().join("-");
  return catalogIds(providerId, overlay).find((id) => {
    const others = splitId(id);
    return sorted === others.toSorted().join("-") || words.join("") === others.join("") || isOneSlip(words, others);
  });
}

/** The vendor of a host. */
export function vendorAt(origin: string): string | undefined {
  return VENDOR_PROVIDERS.find(({ baseUrl = "" }) => new URL(baseUrl).origin === origin)?.id;
}

/**
 * A family of models, such as `claude`, that only other vendors have. New models have new numbers, not new families, so this
 * also applies to ids that are newer than the catalog.
 */
export function foreignFamily(
  vendorId: string,
  modelId: string,
  overlay?: Overlay,
): { readonly family: string; readonly vendors: readonly string[] } | undefined {
  const family = familyOf(modelId);
  const vendors = VENDOR_PROVIDERS.map(({ id }) => id).filter((id) =>
    catalogIds(id, overlay).some((one) => familyOf(one) === family),
  );
  return vendors.length === 0 || vendors.includes(vendorId) ? undefined : { family, vendors };
}

function familyOf(id: string): string {
  return splitId(id)[0] ?? "";
}

function splitId(id: string): readonly string[] {
  return id.toLowerCase().split(/[-_.:@ ]/);
}

function isOneSlip(words: readonly string[], others: readonly string[]): boolean {
  if (words.length !== others.length) return false;
  const different = words.flatMap((word, index) =>
    word === others[index] ? [] : [[word, others[index] ?? ""] as const],
  );
  const [[word, other] = ["", ""]] = different;
  return different.length === 1 && !/\d/.test(word + other) && nearest(word, [other]) !== undefined;
}
