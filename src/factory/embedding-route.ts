import { hasSameVectors } from "../core/embedding.ts";
import type { Next } from "../core/layer.ts";
import type { Target } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";
import { Group, type GroupOptions } from "../layers/group.ts";
import type { Chain, FallbackList } from "../layers/target-search.ts";
import type { EmbeddingRoute } from "../model/call.ts";
import { groupPipeline, modelPipeline, type Services } from "./pipeline.ts";

const LISTS: readonly FallbackList[] = ["general", "context", "policy", "rate-limit"];

/** Embeddings of an entry. Vectors of another model cannot be compared, so only fallbacks with the same model are asked. */
export function entryRoute(services: Services, toVectors: Next, chain: Chain): EmbeddingRoute {
  const { primary } = chain;
  const all = [...new Set(LISTS.flatMap((list) => chain.fallbacks(list) ?? []))];
  const same = all.filter((target) => hasSameVectors(target, primary));
  const others = all.filter((target) => !same.includes(target)).map((target) => otherModel(target, primary));
  const own: Chain = {
    primary,
    fallbacks: (list) => chain.fallbacks(list)?.filter((target) => same.includes(target)),
    leftOut: [...chain.leftOut, ...others],
  };
  return { run: modelPipeline(services, "embed", () => own, toVectors), targets: [primary, ...same] };
}

/**
 * Embeddings of a group.
 * @throws ModelError `unsupported` if its members serve different models: each call might get vectors of another one.
 */
export function groupRoute(
  name: string,
  options: GroupOptions,
  modelIds: readonly string[],
  { services, toVectors }: { readonly services: Services; readonly toVectors: Next },
): EmbeddingRoute {
  const [first, ...rest] = options.members.map(({ target }) => target) as [Target, ...Target[]];
  const stranger = modelIds.find((modelId) => !hasSameVectors({ modelId }, first));
  if (stranger !== undefined) {
    const words = `its members serve different models (${first.modelId}, ${stranger}), whose vectors cannot be compared; embed with an entry. Nothing was sent`;
    throw entryError({ ...first, entry: name }, "unsupported", words);
  }
  const fallbacks = options.fallbacks.filter((target) => hasSameVectors(target, first));
  const others = options.fallbacks.filter((target) => !fallbacks.includes(target));
  const leftOut = [...options.leftOut, ...others.map((target) => otherModel(target, first))];
  const group = new Group({ ...options, fallbacks, leftOut });
  return { run: groupPipeline(services, "embed", group, toVectors), targets: [first, ...rest, ...fallbacks] };
}

function otherModel({ entry, modelId }: Target, primary: Target): string {
  return `${entry}: serves ${modelId}, whose vectors cannot be compared with those of ${primary.modelId}`;
}
