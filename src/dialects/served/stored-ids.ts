import { asObject, type Json } from "./json.ts";

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
const OF_FUNCTIONS: ReadonlySet<string> = new Set([
  ...["parameters", "parametersJsonSchema", "input_schema", "input_examples", "properties"],
  ...["arguments", "args", "response", "metadata", "labels"],
]);
/** Calls whose `input` is that of a function. */
const CALL = /tool_use$/;
/** The type of skills of Anthropic itself. */
const OF_EVERYONE = "anthropic";
/** The address of a file of the Gemini API. */
const GEMINI_FILE = /\/files\/[\w-]+$/;

/** All of them in a value. */
export function storedIds(value: unknown): readonly StoredId[] {
  const search = new Search();
  search.read(value);
  return search.found;
}

/** Every request of a client with a key is searched, and most have none: a path is built for what is found. */
class Search {
  readonly found: StoredId[] = [];
  readonly #steps: string[] = [];

  read(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) for (let at = 0; at < value.length; at++) this.#within(`[${at}]`, value[at]);
    else this.#readFields(value as Json);
  }

  #readFields(object: Json): void {
    for (const field of Object.keys(object)) {
      const value = object[field];
      if (OF_FUNCTIONS.has(field) || (field === "input" && CALL.test(String(object["type"])))) continue;
      this.#steps.push(this.#steps.length === 0 ? field : `.${field}`);
      this.#readField(field, value, object["type"]);
      this.#steps.pop();
    }
  }

  #readField(field: string, value: unknown, type: unknown): void {
    const name = nameOf(field);
    const object = asObject(value);
    if (object !== undefined) {
      // OpenAI's containers and earlier answers in audio are objects with an id.
      const { id } = object;
      if ((name === "container" || name === "audio") && typeof id === "string") this.#add(id, field, ".id");
      this.#readFields(object);
    } else if (name === "fileuri") {
      if (typeof value === "string" && GEMINI_FILE.test(value)) this.#add(value, field);
    } else if (!FIELDS.has(name) || (name === "skillid" && type === OF_EVERYONE)) this.read(value);
    else
      for (const id of Array.isArray(value) ? value : [value])
        if (typeof id === "string") this.#add(id, field);
        else this.read(id);
  }

  #within(step: string, value: unknown): void {
    this.#steps.push(step);
    this.read(value);
    this.#steps.pop();
  }

  #add(id: string, field: string, end = ""): void {
    this.found.push({ id, path: this.#steps.join("") + end, field });
  }
}

const MAX_NAMES = 1_000;
const MAX_NAME_CHARS = 50;
const names = new Map<string, string>();

/** Without underscores; bodies have the same few fields. */
function nameOf(field: string): string {
  const known = names.get(field);
  if (known !== undefined) return known;
  const name = field.replaceAll("_", "").toLowerCase();
  if (field.length > MAX_NAME_CHARS) return name;
  if (names.size >= MAX_NAMES) names.clear();
  names.set(field, name);
  return name;
}
