import type { Dialect } from "./dialect.ts";
import type { ModelError } from "./error.ts";
import type { Target } from "./target.ts";
import { misfitError } from "./target-error.ts";

/** Why a target cannot compute embeddings; `undefined` if it can, or if that is unknown. */
export function embeddingRefusal(target: Target, dialect: Dialect): ModelError | undefined {
  const words = dialect.embed === undefined ? wireLacks(target) : modelLacks(target);
  return words === undefined ? undefined : misfitError(target, "unsupported", `${words}; nothing was sent`);
}

function wireLacks({ provider, dialect }: Target): string {
  return `${provider} has no API for embeddings (wire format "${dialect}"); use an entry with an embeddings model, such as text-embedding-3-small`;
}

function modelLacks({ facts, modelId }: Target): string | undefined {
  if (facts.capabilities.embeddings !== false) return undefined;
  return `${modelId} does not compute embeddings; if it does, set capabilities.embeddings = true`;
}

/**
 * Whether two targets serve the same model, so that their vectors can be compared: the same id, of which one may lack the
 * vendor (`openai/text-embedding-3-small`).
 */
export function hasSameVectors(one: Pick<Target, "modelId">, other: Pick<Target, "modelId">): boolean {
  const [left, right] = [one.modelId.toLowerCase(), other.modelId.toLowerCase()];
  return left === right || left.endsWith(`/${right}`) || right.endsWith(`/${left}`);
}
