import { dropAddedNulls } from "../core/added-nulls.ts";
import type { Reply } from "../core/reply.ts";
import type { JsonSchema } from "../core/tool.ts";
import type { EmbeddingReply } from "../model/embed.ts";
import { jsonText } from "../model/object.ts";

/** The key of our data in messages and options of other frameworks. */
export const OWN_KEY = "modelwright";

export type JsonObject = { [key: string]: JsonValue | undefined };
type JsonValue = null | string | number | boolean | Readonly<JsonObject> | readonly JsonValue[];

type Facts = Pick<EmbeddingReply, "cost" | "attempts" | "callId" | "model" | "provider" | "latencyMs" | "adjustments"> &
  Partial<Pick<Reply, "requestId" | "firstTokenMs" | "cached">>;

/** What other frameworks have no fields for, as JSON. */
export function replyFacts(reply: Facts): JsonObject {
  const { cost, attempts, callId, requestId, model, provider, latencyMs, firstTokenMs, adjustments, cached } = reply;
  const facts = { cost, attempts, callId, requestId, model, provider, latencyMs, firstTokenMs, cached };
  return jsonOf({ ...facts, adjustments }) ?? jsonOf(facts) ?? {};
}

/** A value in an adjustment of a custom dialect may be no JSON. */
function jsonOf(value: object): JsonObject | undefined {
  try {
    return JSON.parse(JSON.stringify(value)) as JsonObject;
  } catch {
    return undefined;
  }
}

/**
 * The JSON of an answer without a code fence, and without the nulls that strict mode adds for optional properties; `undefined`
 * if the text is that JSON already, or not JSON.
 */
export function structuredText(text: string, schema: JsonSchema): string | undefined {
  try {
    const json = jsonText(text);
    const parsed: unknown = JSON.parse(json);
    const plain = JSON.stringify(dropAddedNulls(parsed, schema));
    return json === text && plain === JSON.stringify(parsed) ? undefined : plain;
  } catch {
    return undefined;
  }
}

/** A schema without the mark of its draft. */
export function withoutDialect(schema: object): JsonSchema {
  const { $schema: _, ...rest } = schema as Record<string, unknown>;
  return rest;
}
