import * as z from "zod";
import { camelOf } from "../src/config/entry-config.ts";
import { type Field, metaOf, type Option } from "../src/config/option.ts";
import { OPTIONS } from "../src/config/options.ts";
import { fieldName } from "../src/config/policy.ts";
import { durationIn, fieldsIn, unitIn, WRITTEN_DURATION, WRITTEN_SIZE } from "../src/config/schema-values.ts";

type Json = { readonly [keyword: string]: unknown };

const ROWS = Object.entries<Option>(OPTIONS);

/** The modules of the types named in rows. */
const HOMES: Readonly<Record<string, string>> = {
  Effort: "option-values",
  EntryRateLimit: "budget",
  EntryMessage: "message",
  MockAnswer: "mock-answer",
  ModelErrorCode: "error-codes",
  PromptCache: "option-values",
  ResponseFormat: "option-values",
  ResponseFormatInput: "option-values",
  StripSpecialTokens: "option-values",
  StripTokens: "option-values",
  Tool: "tool",
  ToolChoice: "tool",
  ToolsInput: "option-values",
};

/** src/core/options.generated.ts: the types derived from the options, without their schemas. */
export function optionTypes(): string {
  const settings = ROWS.filter(([, { setting }]) => setting === true);
  const others = ROWS.filter(([key, { setting, aliasOf }]) => !setting && aliasOf === undefined && key !== "extends");
  const perCall = ROWS.filter(([, { setting, perCall }]) => setting === true || perCall === true);
  const policy = ROWS.flatMap(([key, option]) => fieldOf(key, option, option.policy));
  const adaptation = ROWS.flatMap(([key, option]) => fieldOf(key, option, option.adaptation));
  const body = [
    interfaceOf(
      "Settings",
      "The parameters of one request: the keys of models.toml in camelCase. A call overrides its entry. Parameters that are\nnot set are not sent.",
      settings.map(([key, option]) => member(key, option, orUndefined(entryType(option)), "?")),
    ),
    listOf(
      "SETTING_NAMES",
      "All settings, in the order of the documentation.",
      settings.map(([key]) => camelOf(key)),
    ),
    interfaceOf(
      "EntryOptions extends Settings",
      "The options of a model entry: durations in milliseconds, sizes in bytes. Options that are not set are absent.",
      others.map(([key, option]) => member(key, option, entryType(option), "?")),
    ),
    interfaceOf(
      "EntryOptionsPerCall",
      "The options of a model entry that calls may set too, in the form that calls use.",
      perCall.map(([key, option]) => memberPerCall(key, option)),
    ),
    interfaceOf(
      "Adaptation",
      "How a request that exceeds the capabilities of the target may be adapted.",
      adaptation.map(({ name, type, doc }) => property(name, type, doc)),
    ),
    interfaceOf(
      "Policy",
      "Configuration of the layers; durations in milliseconds.",
      policy.map(({ name, type, doc }) => property(name, type, doc)),
    ),
    interfaceOf(
      "CallPolicy",
      "Overrides of the target's policy by a call.",
      policy
        .filter(({ option }) => option.perCall === true)
        .map(({ name, type, doc }) => property(`${name}?`, orUndefined(type), doc)),
    ),
    listOf(
      "DELIVERY_NAMES",
      "Fields of CallPolicy that affect how answers are fetched and delivered, not their content.",
      policy.filter(({ option }) => option.perCall === true && option.delivery === true).map(({ name }) => name),
    ),
  ].join("\n\n");
  return `// Written by \`npm run schema\` from the options in src/config; do not edit.\n${importsFor(body)}\n${body}\n`;
}

function importsFor(body: string): string {
  const used = Object.keys(HOMES).filter((name) =>
    new RegExp(`\\b${name}\\b`).test(body.replace(/\/\*\*[\s\S]*?\*\//g, "")),
  );
  const modules = [...new Set(used.map((name) => HOMES[name] ?? ""))].sort();
  return modules
    .map(
      (module) =>
        `import type { ${used.filter((name) => HOMES[name] === module).join(", ")} } from "./${module}.ts";\n`,
    )
    .join("");
}

function interfaceOf(name: string, doc: string, members: readonly string[]): string {
  return `${comment(doc, "")}export interface ${name} {\n${members.join("")}}`;
}

function listOf(name: string, doc: string, names: readonly string[]): string {
  return `${comment(doc, "")}export const ${name} = [\n${names.map((one) => `  "${one}",\n`).join("")}] as const;`;
}

function property(name: string, type: string, doc: string): string {
  const line = `  readonly ${name}: ${type};\n`;
  return `${comment(doc, "  ")}${line.length > WIDTH ? onLines(line) : line}`;
}

/** Splits a table that does not fit on one line. */
function onLines(line: string): string {
  const [, before = "", keys = "", after = ""] = /^([^{]*\{) ([^{}]*) (\}[^{}]*)$/.exec(line) ?? [];
  if (keys === "") return line;
  return `${before}\n${keys
    .split("; ")
    .map((key) => `    ${key};\n`)
    .join("")}  ${after}`;
}

function member(key: string, option: Option, type: string, optional: "?" | ""): string {
  return property(`${camelOf(key)}${optional}`, type, docOf(option, "counted"));
}

function memberPerCall(key: string, option: Option): string {
  const type = option.callType ?? option.type ?? typeOf(jsonOf(option.schema), camelOf);
  return property(`${camelOf(key)}?`, orUndefined(type), docOf(option, "written"));
}

interface FieldType {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
  readonly option: Option;
}

function fieldOf<Of extends object>(key: string, option: Option, field: Field<Of> | undefined): readonly FieldType[] {
  if (field === undefined) return [];
  const own = entryType(option);
  const type = field.type ?? (metaOf(option).default === undefined ? orUndefined(own) : own);
  return [{ name: fieldName(key, option, field), type, doc: docOf(option, "counted"), option }];
}

function orUndefined(type: string): string {
  return type === "unknown" || type.endsWith("| undefined") ? type : `${type} | undefined`;
}

/** The description of an option, for values as written or after unit conversion. */
function docOf(option: Option, values: "written" | "counted"): string {
  const { description = "", default: fallback } = metaOf(option);
  const counted = description.replace(WRITTEN_DURATION, "In milliseconds.").replace(WRITTEN_SIZE, "In bytes.");
  const text = values === "written" ? description : counted;
  if (/\bdefault\b/i.test(text)) return text;
  if (values === "written") return `${text} Default: the entry's.`;
  if (fallback === undefined || typeof fallback === "object") return text;
  const isSeconds = durationIn(option.schema) !== undefined && typeof fallback === "number";
  return `${text} Default: ${isSeconds ? `${fallback} s` : `\`${JSON.stringify(fallback)}\``}.`;
}

/** The type of an option in an entry. */
function entryType(option: Option): string {
  const { type, oneOrMany, schema } = option;
  if (type !== undefined) return type;
  const own = typeIn(schema);
  return oneOrMany === true ? own.replace(/^.* \| (?=readonly )/, "") : own;
}

/** The type of a value of the schema after unit conversion. */
function typeIn(schema: z.ZodType): string {
  const words = durationIn(schema);
  if (unitIn(schema) !== undefined) return ["number", ...(words ?? []).map((word) => JSON.stringify(word))].join(" | ");
  const fields = fieldsIn(schema);
  if (fields === undefined) return typeOf(jsonOf(schema), camelOf);
  const table = `{ ${Object.entries(fields)
    .map(([key, field]) => `readonly ${camelOf(key)}?: ${typeIn(field)}`)
    .join("; ")} }`;
  const others = schema instanceof z.ZodUnion ? (schema.options as readonly z.ZodType[]) : [];
  const beside = others.filter((one) => fieldsIn(one) === undefined).map(typeIn);
  return [...beside, table].join(" | ");
}

function jsonOf(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { io: "input", target: "draft-07", unrepresentable: "any" }) as Json;
}

/** The TypeScript type of a JSON Schema. */
function typeOf(json: Json, named: (key: string) => string): string {
  const { type, anyOf, enum: words, const: only, items, properties, additionalProperties, required } = json;
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map((one) => typeOf(one as Json, named)))].join(" | ");
  if (Array.isArray(words)) return words.map((word) => JSON.stringify(word)).join(" | ");
  if (only !== undefined) return JSON.stringify(only);
  if (type === "array") {
    const item = typeOf((items ?? {}) as Json, named);
    return `readonly ${/[ |]/.test(item) && !item.startsWith("{") ? `(${item})` : item}[]`;
  }
  if (type === "object" && properties !== undefined) {
    const must = new Set((required ?? []) as string[]);
    const members = Object.entries(properties as Readonly<Record<string, Json>>).map(
      ([key, inner]) => `readonly ${named(key)}${must.has(key) ? "" : "?"}: ${typeOf(inner, named)}`,
    );
    return `{ ${members.join("; ")} }`;
  }
  if (type === "object") return `Readonly<Record<string, ${typeOf((additionalProperties ?? {}) as Json, named)}>>`;
  if (type === "integer" || type === "number") return "number";
  return type === "string" || type === "boolean" ? type : "unknown";
}

const WIDTH = 120;

function comment(text: string, indent: string): string {
  const line = `${indent}/** ${text} */\n`;
  if (line.length <= WIDTH && !text.includes("\n")) return line;
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || `${indent} * ${last} ${word}`.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return `${indent}/**\n${lines.map((one) => `${indent} * ${one}\n`).join("")}${indent} */\n`;
}
