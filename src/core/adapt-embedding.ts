import { type Adapted, requirePrice } from "./adapt.ts";
import type { CallInput } from "./call.ts";
import { Changes } from "./changes.ts";
import type { Dialect } from "./dialect.ts";
import { embeddingRefusal } from "./embedding.ts";
import type { EmbeddingInput } from "./embedding-input.ts";
import { mergedAdaptation } from "./merged-settings.ts";
import type { ModelRequest } from "./request.ts";
import { unsupportedReason } from "./supported-settings.ts";
import type { EmbeddingFacts, Target } from "./target.ts";
import { misfitError } from "./target-error.ts";

/**
 * Builds an embedding request for one target. Of the settings, only `user` applies to it. A length that the model does not
 * have is refused, not changed: vectors of another length cannot be stored beside those that the caller has.
 */
export function adaptEmbedding(input: CallInput, embedding: EmbeddingInput, target: Target, dialect: Dialect): Adapted {
  const refusal = embeddingRefusal(target, dialect);
  if (refusal !== undefined) throw refusal;
  checkBytes(embedding.texts, input.maxInputBytes ?? target.policy.maxInputBytes, target);
  checkDimensions(embedding.dimensions, target);
  const changes = new Changes(target, mergedAdaptation(input, target));
  const user = userFor(input, target, dialect, changes);
  const request: ModelRequest = {
    messages: [],
    embedding,
    settings: user === undefined ? {} : { user },
    samples: 1,
    extraBody: { ...target.extraBody, ...input.extraBody },
    extraHeaders: input.extraHeaders,
  };
  if (target.policy.strictPricing) requirePrice(request, target);
  return { request, adjustments: changes.list, forced: changes.forced };
}

function userFor({ settings }: CallInput, target: Target, dialect: Dialect, changes: Changes): string | undefined {
  const user = settings.user ?? target.settings.user;
  if (user === undefined) return undefined;
  const reason = unsupportedReason("user", target, dialect);
  if (reason === undefined) return user;
  changes.dropped("user", user, reason);
  return undefined;
}

function checkBytes(texts: readonly string[], maxBytes: number | undefined, target: Target): void {
  if (maxBytes === undefined) return;
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= maxBytes) return;
  const words = `the texts of a request have ${bytes} bytes, max_input_bytes is ${maxBytes}; nothing was sent`;
  throw misfitError(target, "request_too_large", words);
}

function checkDimensions(wanted: number | undefined, target: Target): void {
  const { embedding } = target.facts;
  if (wanted === undefined || embedding === undefined || isOffered(wanted, embedding)) return;
  const words = `${target.modelId} has no vectors of ${wanted} dimensions; ${offered(embedding)}. Nothing was sent`;
  throw misfitError(target, "unsupported", words);
}

function isOffered(wanted: number, { dimensions, sizes }: EmbeddingFacts): boolean {
  if (sizes === undefined || wanted === dimensions) return true;
  return "each" in sizes ? sizes.each.includes(wanted) : wanted >= sizes.from && wanted <= sizes.to;
}

function offered({ dimensions, sizes }: EmbeddingFacts): string {
  if (sizes !== undefined && "from" in sizes) return `it has ${sizes.from} to ${sizes.to}`;
  const each = sizes?.each ?? [];
  return each.length === 0 ? `it has ${dimensions}, and no option for others` : `it has ${each.join(", ")}`;
}
