import { camelOf, entryConfigOf } from "../config/entry-config.ts";
import { CALL_ONLY } from "../config/known-keys.ts";
import type { Finding } from "../config/limits.ts";
import { optionOf } from "../config/options.ts";
import { callAdaptationOf, callPolicyOf } from "../config/policy.ts";
import { callSchema } from "../config/schema.ts";
import { findingsOf } from "../config/schema-problem.ts";
import { fieldsIn } from "../config/schema-values.ts";
import { isTable } from "../config/table.ts";
import type { CallInput } from "../core/call.ts";
import { invalidOption } from "../core/check-options.ts";
import { ModelError } from "../core/error.ts";
import { readInput } from "../core/input.ts";
import type { CallPolicy, EntryOptions } from "../core/options.generated.ts";
import { keyOf, pickSettings } from "../core/request.ts";
import { cacheFieldsOf, cacheProblem } from "./cache-option.ts";
import { entryNameOf, KnownEntries } from "./known-entries.ts";
import { copyOfTools, KnownTools } from "./known-tools.ts";
import type { CallOptions } from "./options.ts";
import { isStandardSchema, jsonSchemaOf } from "./schema-json.ts";
import { definitionOf, toolList } from "./tool-list.ts";

export interface ReadOptions {
  readonly input: Omit<CallInput, "messages">;
  readonly signal: AbortSignal | undefined;
}

const NO_OPTIONS: ReadOptions = {
  input: { settings: {}, samples: 1, extraBody: {}, extraHeaders: {}, raw: false, tags: [], adaptation: {} },
  signal: undefined,
};

/** Validates the options of a call with the schema of models.toml, so that keys have the same meaning. */
export function readCallOptions(options: CallOptions | undefined, model: string): ReadOptions {
  if (options === undefined || options === null) return NO_OPTIONS;
  if (typeof options !== "object" || Array.isArray(options)) throw wrong(model, "must be an object");
  const entry = readable(options, model);
  const { samples, signal, cache, tags, priority, raw, shouldRetry } = options;
  checkCallOnly(options, model);
  return {
    input: {
      ...partsOf(entry),
      samples: samples ?? 1,
      raw: raw ?? false,
      tags: tags ?? [],
      ...cacheFieldsOf(cache),
      priority,
      shouldRetry,
      prelude: options.messages === undefined ? undefined : readInput(options.messages),
    },
    signal,
  };
}

type EntryParts = Pick<CallInput, "settings" | "extraBody" | "extraHeaders" | "adaptation" | "system"> & CallPolicy;

/** Options that were read before have the same parts, so that what is made of those is known too. */
const knownParts = new WeakMap<EntryOptions, EntryParts>();

function partsOf(entry: EntryOptions): EntryParts {
  const known = knownParts.get(entry);
  if (known !== undefined) return known;
  const parts: EntryParts = {
    // Frozen, because equal calls share them: a hook that changed them would change the calls of others.
    settings: Object.freeze(pickSettings(entry as Readonly<Record<string, unknown>>)),
    extraBody: Object.freeze(entry.extraBody ?? {}),
    extraHeaders: Object.freeze(entry.extraHeaders ?? {}),
    system: entry.system,
    ...callPolicyOf(entry),
    adaptation: callAdaptationOf(entry),
  };
  knownParts.set(entry, parts);
  return parts;
}

/** A cyclic value would overflow the stack. */
function readable(options: CallOptions, model: string): EntryOptions {
  try {
    return readEntry(options, model);
  } catch (error) {
    if (error instanceof RangeError) throw wrong(model, "a value is cyclic or nested too deeply");
    throw error;
  }
}

/** The options that are also keys of an entry, validated and in the format of an entry. */
function readEntry(options: CallOptions, model: string): EntryOptions {
  const table: Record<string, unknown> = {};
  const given = definitionsIn(options.tools);
  const known = knownTools.find(given);
  const tools = known === undefined ? copyOfTools(given) : undefined;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === "messages" || CALL_ONLY.includes(name as never)) continue;
    if (name !== "tools") table[keyOf(name)] = plainOf(name, value);
    else if (known === undefined) table[name] = plainOf(name, tools ?? given);
  }
  if (Object.keys(table).length === 0) return known ?? NO_ENTRY;
  const recipe = entryNameOf(model, table);
  const entry = knownEntries.find(recipe) ?? validEntry(table, options, model);
  knownEntries.keep(recipe, entry);
  if (tools !== undefined) knownTools.keep(tools, { tools: entry.tools });
  return known === undefined ? entry : { ...entry, ...known };
}

function validEntry(table: Record<string, unknown>, options: CallOptions, model: string): EntryOptions {
  const result = callSchema.safeParse(table);
  if (!result.success)
    throw wrong(
      model,
      findingsOf(result.error.issues, table, "call")
        .map((finding) => explain(finding, options))
        .join("; "),
    );
  if ("max_tokens" in table) table["max_new_tokens"] ??= table["max_tokens"];
  return entryConfigOf(model, table as never, undefined);
}

/** What a provider is told of the tools. */
function definitionsIn(tools: unknown): unknown {
  const list = toolList(tools);
  return Array.isArray(list) ? list.map(definitionOf) : list;
}

const NO_ENTRY: EntryOptions = {};
const knownTools = new KnownTools();
const knownEntries = new KnownEntries();

/** The value as it would be in models.toml. */
function plainOf(name: string, value: unknown): unknown {
  if (isTable(value) && isTableOption(keyOf(name))) return snakeTable(value);
  if (name === "tools" && Array.isArray(value)) return value.map(plainTool);
  return name === "responseFormat" ? plainFormat(value) : value;
}

function plainTool(tool: unknown, index: number): unknown {
  if (typeof tool !== "object" || tool === null) return tool;
  const { function: nested, parameters } = tool as { readonly function?: unknown; readonly parameters?: unknown };
  if (nested !== undefined) return { ...tool, function: plainTool(nested, index) };
  const place = `tools[${index}].parameters`;
  if (isStandardSchema(parameters)) return { ...tool, parameters: jsonSchemaOf(parameters, place) };
  if (isShape(parameters)) throw invalidOption(`${place}: wrap the fields in z.object({ … })`);
  return tool;
}

/** Whether a value is an object of schemas, without `z.object`. */
function isShape(value: unknown): boolean {
  const fields = typeof value === "object" && value !== null ? Object.values(value) : [];
  return fields.length > 0 && fields.every(isStandardSchema);
}

function plainFormat(format: unknown): unknown {
  if (isStandardSchema(format))
    throw invalidOption("responseFormat takes a format, not a schema; use model.object(schema, input)");
  if (typeof format !== "object" || format === null) return format;
  const { schema, json_schema: nested } = format as { readonly schema?: unknown; readonly json_schema?: unknown };
  if (nested !== undefined) return { ...format, json_schema: plainFormat(nested) };
  return isStandardSchema(schema) ? { ...format, schema: jsonSchemaOf(schema, "responseFormat.schema") } : format;
}

/** Whether the value may be an object with our keys, which are in camelCase here. */
function isTableOption(key: string): boolean {
  const option = optionOf(key);
  return option !== undefined && fieldsIn(option.schema) !== undefined;
}

function snakeTable(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [keyOf(key), inner]));
}

function explain({ message, suggestion: word, path, ...finding }: Finding, options: CallOptions): string {
  const isOption = finding.at === "key" && (path.length === 1 || isTableOption(String(path[0])));
  const suggestion = word === undefined ? "" : ` (did you mean "${isOption ? camelOf(word) : word}"?)`;
  // The caller's spelling: "baseURL", not "base_u_r_l".
  const written = path.length === 1 ? Object.keys(options).find((name) => keyOf(name) === path[0]) : undefined;
  const words = written === undefined ? message : message.replace(`"${path[0]}"`, `"${written}"`);
  return `${words}${suggestion}`;
}

/** The most that a provider accepts (OpenAI's `n`). The number may come from a client of the gateway, and each may be a request. */
const MAX_SAMPLES = 128;

function checkCallOnly(options: CallOptions, model: string): void {
  const { samples, signal, cache, tags, priority, raw, shouldRetry } = options;
  if (shouldRetry !== undefined && typeof shouldRetry !== "function")
    throw wrong(model, "shouldRetry must be a function");
  if (raw !== undefined && typeof raw !== "boolean") throw wrong(model, "raw must be true or false");
  if (samples !== undefined && !(Number.isInteger(samples) && samples >= 1 && samples <= MAX_SAMPLES))
    throw wrong(model, `samples must be an integer from 1 to ${MAX_SAMPLES}`);
  if (signal !== undefined && typeof signal.addEventListener !== "function")
    throw wrong(model, "signal must be an AbortSignal");
  const problem = cacheProblem(cache);
  if (problem !== undefined) throw wrong(model, problem);
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === "string")))
    throw wrong(model, "tags must be an array of strings");
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 255))
    throw wrong(model, "priority must be an integer from 0 to 255");
}

function wrong(model: string, words: string): ModelError {
  return new ModelError({ code: "invalid_request", message: `${model}: options: ${words}`, model });
}
