import type { Adjustment } from "../../core/attempt.ts";
import type { Message, SystemMessage } from "../../core/message.ts";
import type { ResponseFormat } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import type { JsonSchema } from "../../core/tool.ts";
import { lowerToStrict, type SchemaChange } from "./strict-schema.ts";

/** How the format of the answer is requested: with a parameter, an instruction, or both. */
export interface WireFormat {
  readonly format: NamedSchema | { readonly type: "text" | "json_object" } | undefined;
  readonly instruction: string | undefined;
  readonly adjustments: readonly Adjustment[];
}

export interface NamedSchema {
  readonly type: "json_schema";
  readonly name: string;
  readonly schema: { [keyword: string]: unknown };
  readonly strict: boolean;
  readonly description?: string;
}

const NOTHING: WireFormat = { format: undefined, instruction: undefined, adjustments: [] };

export function lowerFormat(format: ResponseFormat | undefined, target: Target): WireFormat {
  if (format === undefined) return NOTHING;
  const mode = target.quirks.jsonMode ?? (target.facts.capabilities.jsonSchema === false ? "prompt" : "json_schema");
  if (format.type === "text") return mode === "prompt" ? NOTHING : { ...NOTHING, format: { type: "text" } };
  if (mode === "prompt") return inWords(format, target);
  if (format.type === "json_object") return { ...NOTHING, format: { type: "json_object" } };
  if (mode === "json_object") return byAnyJson(format, target);
  // A host with schema support may serve older models without schemas or even without JSON mode.
  return target.facts.capabilities.jsonSchema === false ? inWords(format, target) : bySchema(format);
}

type SchemaFormat = Extract<ResponseFormat, { type: "json_schema" }>;

function bySchema(format: SchemaFormat): WireFormat {
  const adjustments: Adjustment[] = [];
  const name = wireName(format.name, adjustments);
  const { schema, strict } = strictest(format, adjustments);
  const description = format.description === undefined ? {} : { description: format.description };
  return {
    format: { type: "json_schema", name, schema: { ...schema }, strict, ...description },
    instruction: undefined,
    adjustments,
  };
}

function strictest(format: SchemaFormat, adjustments: Adjustment[]): { schema: JsonSchema; strict: boolean } {
  if (format.strict === false) return { schema: format.schema, strict: false };
  const lowered = lowerToStrict(format.schema);
  if (!lowered.strict) {
    const reason = `the schema cannot be enforced by the provider: ${lowered.reason}; it is validated locally`;
    adjustments.push({ setting: "response_format", from: "strict", to: "not strict", reason });
    return { schema: format.schema, strict: false };
  }
  adjustments.push(...lowered.changes.map((change) => schemaAdjustment("response_format", change)));
  return { schema: lowered.schema, strict: true };
}

export function schemaAdjustment(setting: string, change: SchemaChange): Adjustment {
  return {
    setting,
    from: { [change.path]: change.from },
    to: change.to === undefined ? undefined : { [change.path]: change.to },
    reason: change.reason,
  };
}

const LEGAL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

function wireName(name: string, adjustments: Adjustment[]): string {
  if (LEGAL_NAME.test(name)) return name;
  const legal = name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64) || "answer";
  adjustments.push({
    setting: "response_format",
    from: { name },
    to: { name: legal },
    reason: "names have up to 64 letters, digits, _ and -",
  });
  return legal;
}

function byAnyJson(format: SchemaFormat, target: Target): WireFormat {
  const reason = `${target.provider} does not support schemas; the schema is added to the instructions and validated locally`;
  const adjustment: Adjustment = { setting: "response_format", from: "json_schema", to: "json_object", reason };
  return { format: { type: "json_object" }, instruction: schemaInWords(format), adjustments: [adjustment] };
}

function inWords(format: Exclude<ResponseFormat, { type: "text" }>, target: Target): WireFormat {
  const reason = `${target.provider} (${target.modelId}) does not support JSON mode; the format is requested in the instructions`;
  const instruction =
    format.type === "json_schema" ? schemaInWords(format) : "Answer with one JSON object and nothing else.";
  return {
    format: undefined,
    instruction,
    adjustments: [{ setting: "response_format", from: format.type, to: "instructions", reason }],
  };
}

function schemaInWords(format: SchemaFormat): string {
  const about = format.description === undefined ? "" : ` (${format.description})`;
  return `Answer with one JSON value${about} and nothing else: no code fence, no explanation. It must satisfy this JSON Schema:\n${JSON.stringify(format.schema)}`;
}

/** Adds an instruction to the first system message, or as one: several hosts use only the first. */
export function withInstruction(messages: readonly Message[], instruction: string | undefined): readonly Message[] {
  if (instruction === undefined) return messages;
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [{ role: "system", content: instruction }, ...messages];
  const content: SystemMessage["content"] =
    typeof first.content === "string"
      ? `${first.content}\n\n${instruction}`
      : [...first.content, { type: "text", text: instruction }];
  return [{ role: "system", content }, ...rest];
}
