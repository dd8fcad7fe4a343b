import { asArray, asObject } from "./json.ts";

/** The id of something that a provider stores for everyone who has its API key. */
export interface StoredId {
  readonly id: string;
  /** The path of its field. */
  readonly path: string;
  /** The name of its field. */
  readonly field: string;
}

/** Fields with such ids, without underscores: files, containers, stores of documents, cached prompts, skills. */
const FIELDS: ReadonlySet<string> = new Set([
  ...["fileid", "fileids", "container", "containerid", "vectorstoreids", "skillid", "cachedcontent"],
  ...["filesearchstorenames", "ragcorpus", "datastore", "reusablecontainerid"],
]);
/** Input and output of functions, and their schemas: their names are those of the client. */
const OF_FUNCTIONS =
  /^(?:parameters|parametersJsonSchema|input_schema|input_examples|properties|arguments|args|response|metadata|labels)$/;
/** Calls whose `input` is that of a function. */
const CALL = /tool_use$/;
/** The address of a file of the Gemini API. */
const GEMINI_FILE = /\/files\/[\w-]+$/;

/** All of them in a value. */
export function storedIds(value: unknown, path = ""): readonly StoredId[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => storedIds(item, `${path}[${index}]`));
  const object = asObject(value);
  if (object === undefined) return [];
  return Object.entries(object).flatMap(([field, inner]) => {
    if (OF_FUNCTIONS.test(field) || (field === "input" && CALL.test(String(object.type)))) return [];
    return idsOf(field, inner, path === "" ? field : `${path}.${field}`, object.type);
  });
}

function idsOf(field: string, value: unknown, path: string, type: unknown): readonly StoredId[] {
  const name = field.replaceAll("_", "").toLowerCase();
  const object = asObject(value);
  // OpenAI's containers and earlier answers in audio are objects with an id.
  if (object !== undefined) {
    const { id } = object;
    const isRef = (name === "container" || name === "audio") && typeof id === "string";
    return [...(isRef ? [{ id: id as string, path: `${path}.id`, field }] : []), ...storedIds(object, path)];
  }
  if (name === "fileuri")
    return typeof value === "string" && GEMINI_FILE.test(value) ? [{ id: value, path, field }] : [];
  // Skills of Anthropic itself are everyone's.
  if (!FIELDS.has(name) || (name === "skillid" && type === "anthropic")) return storedIds(value, path);
  const ids = Array.isArray(value) ? asArray(value) : [value];
  return ids.flatMap((id) => (typeof id === "string" ? [{ id, path, field }] : storedIds(id, path)));
}
