import type {
  AssistantMessage,
  AudioPart,
  FilePart,
  ImagePart,
  Message,
  TextPart,
  ToolResultPart,
  UserMessage,
} from "../../../core/message.ts";
import { Fields } from "../../served/fields.ts";
import { asObject, type Json } from "../../served/json.ts";
import { FOREIGN_CALL } from "../contents.ts";

type UserPart = Exclude<UserMessage["content"], string>[number];
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

/** The contents of a generateContent body as messages. Calls without an id get one that their responses find by name. */
export class GenerateTurns {
  readonly messages: Message[] = [];
  readonly #owner: string;
  /** Calls that wait for a response, in order. */
  readonly #open: { readonly id: string; readonly name: string }[] = [];
  #calls = 0;

  /** `owner` issued the signatures. */
  constructor(owner: string) {
    this.#owner = owner;
  }

  addSystem(content: Fields): void {
    content.take("role");
    const parts = (content.objects("parts") ?? []).map(readText);
    if (parts.length > 0) this.messages.push({ role: "system", content: parts });
  }

  add(content: Fields): void {
    const role = content.word("role", ["user", "model", "function"]) ?? "user";
    const parts = content.objects("parts") ?? [];
    if (role === "model") this.messages.push({ role: "assistant", content: parts.map((part) => this.#answer(part)) });
    else this.#addUser(parts);
  }

  #addUser(parts: readonly Fields[]): void {
    const results: ToolResultPart[] = [];
    const said: UserPart[] = [];
    for (const part of parts) {
      if (part.has("functionResponse")) results.push(this.#result(part));
      else said.push(part.has("text") ? readText(part) : readMedia(part));
    }
    if (results.length > 0) this.messages.push({ role: "tool", content: results });
    if (said.length > 0) this.messages.push({ role: "user", content: said });
  }

  #answer(part: Fields): AssistantPart {
    const signature = part.text("thoughtSignature");
    // The word that stands in the place of a signature for calls of another model.
    const own = signature !== undefined && signature !== FOREIGN_CALL;
    const signed = own ? { signature, owner: this.#owner } : {};
    const call = part.object("functionCall");
    if (call !== undefined) return { ...this.#call(call), ...signed };
    const thought = part.flag("thought") === true;
    const text = part.text("text") ?? part.refuse("only text and function calls are supported in a turn of the model");
    return { type: thought ? "reasoning" : "text", text, ...signed };
  }

  #call(call: Fields): AssistantPart {
    const name = call.text("name") ?? call.refuse("name is required", "name");
    const id = call.text("id") ?? `call_${this.#calls}`;
    this.#calls += 1;
    this.#open.push({ id, name });
    return { type: "tool-call", id, name, arguments: call.json("args") ?? {} };
  }

  #result(part: Fields): ToolResultPart {
    const response = part.object("functionResponse") ?? part.refuse("functionResponse is required");
    const name = response.text("name") ?? response.refuse("name is required", "name");
    const given = response.text("id");
    const at = this.#open.findIndex((call) => (given === undefined ? call.name === name : call.id === given));
    const [call] = at < 0 ? [] : this.#open.splice(at, 1);
    const id = call?.id ?? given ?? response.refuse(`no function call of '${name}' waits for a response`, "name");
    const { text, error } = readOutcome(response.json("response") ?? {});
    const images = (response.objects("parts") ?? []).map(readMedia).filter((media) => media.type === "image");
    const texts: readonly TextPart[] = text === "" ? [] : [{ type: "text", text }];
    const content = images.length === 0 ? text : [...texts, ...images];
    return { type: "tool-result", id, name, content, ...(error && { error }) };
  }
}

/** `output` and `error` are the API's own names; a response without them is the output itself. */
function readOutcome(response: Json): { readonly text: string; readonly error: boolean } {
  const [[name, value] = ["", ""], ...more] = Object.entries(response);
  const isNamed = more.length === 0 && (name === "output" || name === "error");
  const outcome = isNamed ? value : response;
  return { text: typeof outcome === "string" ? outcome : JSON.stringify(outcome), error: isNamed && name === "error" };
}

function readText(part: Fields): TextPart {
  return { type: "text", text: part.text("text") ?? part.refuse("only text is supported here") };
}

/** What bytes are is known by their media type alone. */
function readMedia(part: Fields): ImagePart | FilePart | AudioPart {
  const inline = part.object("inlineData");
  const source = inline ?? part.object("fileData") ?? part.refuse("parts of this kind are not supported");
  const mediaType = source.text("mimeType") ?? "application/octet-stream";
  const filename = source.text("displayName");
  const where = inline === undefined ? { url: source.text("fileUri") ?? "" } : { data: inline.text("data") ?? "" };
  if (mediaType.startsWith("image/")) return { type: "image", ...where, mediaType };
  if (mediaType.startsWith("audio/") && where.data !== undefined) return { type: "audio", data: where.data, mediaType };
  return { type: "file", ...where, mediaType, ...(filename !== undefined && { filename }) };
}

/** The body in the API's own spelling: it also takes names in snake case. */
export function fieldsOf(body: Json): Fields {
  return new Fields(camelCased(body));
}

/** Objects that hold a client's own names: nothing inside them is renamed. */
const OPAQUE: ReadonlySet<string> = new Set([
  ...["args", "response", "labels", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"],
]);

function camelCased(json: Json): Json {
  const entries = Object.entries(json).map(([key, value]) => {
    const name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [name, OPAQUE.has(name) ? value : camelCasedValue(value)] as const;
  });
  return Object.fromEntries(entries);
}

function camelCasedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCasedValue);
  const object = asObject(value);
  return object === undefined ? value : camelCased(object);
}
