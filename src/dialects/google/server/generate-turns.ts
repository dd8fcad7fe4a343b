import type {
  AssistantMessage,
  AudioPart,
  FilePart,
  ImagePart,
  Message,
  ReasoningPart,
  TextPart,
  ToolResultPart,
  UserMessage,
} from "../../../core/message.ts";
import { outsideSignature } from "../../../core/same-wire.ts";
import { Fields } from "../../served/fields.ts";
import { asObject, type Json } from "../../served/json.ts";
import type { OwnWire } from "../../served/own-wire.ts";
import { FOREIGN_CALL } from "../contents.ts";

type UserPart = Exclude<UserMessage["content"], string>[number];
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

/** Converts the contents of a generateContent body to messages. Calls without an id get one; responses are matched by name. */
export class GenerateTurns {
  readonly messages: Message[] = [];
  readonly #owner: string;
  readonly #own: OwnWire;
  /** Calls without a response so far, in order. */
  readonly #open = new OpenCalls();
  #calls = 0;
  /** The parts of the current answer. */
  #turn: AssistantPart[] | undefined;

  /** `owner` issued the signatures. */
  constructor(owner: string, own: OwnWire) {
    this.#owner = owner;
    this.#own = own;
  }

  addSystem(content: Fields): void {
    content.take("role");
    const parts = (content.objects("parts") ?? []).map(readText);
    if (parts.length > 0) this.messages.push({ role: "system", content: parts });
  }

  add(content: Fields): void {
    const role = content.oneOf("role", ["user", "model", "function"]) ?? "user";
    const parts = content.objects("parts") ?? [];
    if (role === "model") this.#addAnswer(parts.map((part) => this.#answer(part)));
    else this.#addUser(parts);
  }

  /** The SDK keeps each chunk of a stream as a content of its own. */
  #addAnswer(parts: readonly AssistantPart[]): void {
    if (this.#turn === undefined) {
      this.#turn = [];
      this.messages.push({ role: "assistant", content: this.#turn });
    }
    for (const part of parts) addJoined(this.#turn, part);
  }

  #addUser(parts: readonly Fields[]): void {
    // Content without parts makes no message.
    if (parts.length > 0) this.#turn = undefined;
    // By their text: Gemini CLI sends a response twice after a session was resumed.
    const results = new Map<string, ToolResultPart>();
    const said: UserPart[] = [];
    for (const part of parts) {
      if (part.has("functionResponse")) {
        const result = this.#own.part(part, () => this.#result(part));
        results.set(JSON.stringify(result), result);
      } else said.push(this.#said(part));
    }
    if (results.size > 0) this.messages.push({ role: "tool", content: [...results.values()] });
    if (said.length > 0) this.messages.push({ role: "user", content: said });
  }

  #said(part: Fields): UserPart {
    if (part.has("text")) return this.#own.part(part, readText);
    if (part.has("inlineData") || part.has("fileData")) return this.#own.part<UserPart>(part, readMedia);
    return this.#own.block(part);
  }

  #answer(part: Fields): AssistantPart {
    const isShared = part.has("text") || part.has("functionCall");
    return isShared ? this.#own.part(part, () => this.#readAnswer(part)) : this.#own.block(part);
  }

  #readAnswer(part: Fields): AssistantPart {
    const signature = outsideSignature(part.string("thoughtSignature") ?? "");
    // A placeholder instead of a signature marks a call of another model.
    const own = signature !== "" && signature !== FOREIGN_CALL;
    const signed = own ? { signature, owner: this.#owner } : {};
    const call = part.object("functionCall");
    if (call !== undefined) return { ...this.#call(call), ...signed };
    const thought = part.boolean("thought") === true;
    const text = part.string("text") ?? "";
    return { type: thought ? "reasoning" : "text", text, ...signed };
  }

  #call(call: Fields): AssistantPart {
    const name = call.string("name") ?? call.refuse("name is required", "name");
    const id = call.string("id") ?? `call_${this.#calls}`;
    this.#calls += 1;
    this.#open.add(id, name);
    return { type: "tool-call", id, name, arguments: call.json("args") ?? {} };
  }

  #result(part: Fields): ToolResultPart {
    const response = part.object("functionResponse") ?? part.refuse("functionResponse is required");
    const name = response.string("name") ?? response.refuse("name is required", "name");
    const given = response.string("id");
    const id =
      this.#open.take(given, name) ??
      given ??
      response.refuse(`no function call of '${name}' waits for a response`, "name");
    const { text, error } = readOutcome(response.json("response") ?? {});
    const images = (response.objects("parts") ?? []).map(readMedia).filter((media) => media.type === "image");
    const texts: readonly TextPart[] = text === "" ? [] : [{ type: "text", text }];
    const content = images.length === 0 ? text : [...texts, ...images];
    return { type: "tool-result", id, name, content, ...(error && { error }) };
  }
}

/** Calls that wait for a response. */
class OpenCalls {
  readonly #names = new Map<string, string>();
  readonly #byName = new Map<string, Set<string>>();

  add(id: string, name: string): void {
    this.#names.set(id, name);
    const ids = this.#byName.get(name) ?? new Set<string>();
    this.#byName.set(name, ids.add(id));
  }

  /** The call with the id, or the first one with the name. */
  take(given: string | undefined, name: string): string | undefined {
    const [first] = this.#byName.get(name) ?? [];
    const id = given ?? first;
    const known = id === undefined ? undefined : this.#names.get(id);
    if (id === undefined || known === undefined) return undefined;
    this.#names.delete(id);
    this.#byName.get(known)?.delete(id);
    return id;
  }
}

/** At the end of streamed thoughts, the signature of all of them comes without text. */
function addJoined(joined: AssistantPart[], part: AssistantPart): void {
  if (part.type !== "reasoning" || part.text !== "" || part.signature === undefined) {
    joined.push(part);
    return;
  }
  let text = "";
  for (let last = joined.at(-1); isUnsignedThought(last); last = joined.at(-1)) {
    text = last.text + text;
    joined.pop();
  }
  joined.push({ ...part, text });
}

function isUnsignedThought(part: AssistantPart | undefined): part is ReasoningPart {
  return part?.type === "reasoning" && part.signature === undefined;
}

/** The API reads `output` and `error`; without them, the complete response is the output. */
function readOutcome(response: Json): { readonly text: string; readonly error: boolean } {
  const [[name, value] = ["", ""], ...more] = Object.entries(response);
  const isNamed = more.length === 0 && (name === "output" || name === "error");
  const outcome = isNamed ? value : response;
  return { text: typeof outcome === "string" ? outcome : JSON.stringify(outcome), error: isNamed && name === "error" };
}

function readText(part: Fields): TextPart {
  return { type: "text", text: part.string("text") ?? part.refuse("only text is supported here") };
}

/** The media type decides whether data is an image, audio or a file. */
function readMedia(part: Fields): ImagePart | FilePart | AudioPart {
  const inline = part.object("inlineData");
  const source = inline ?? part.object("fileData") ?? part.refuse("parts of this kind are not supported");
  const mediaType = source.string("mimeType") ?? "application/octet-stream";
  const filename = source.string("displayName");
  const where = inline === undefined ? { url: source.string("fileUri") ?? "" } : { data: inline.string("data") ?? "" };
  if (mediaType.startsWith("image/")) return { type: "image", ...where, mediaType };
  if (mediaType.startsWith("audio/") && where.data !== undefined) return { type: "audio", data: where.data, mediaType };
  return { type: "file", ...where, mediaType, ...(filename !== undefined && { filename }) };
}

/** The body with camelCase names: the API also accepts snake_case. */
export function fieldsOf(body: Json): Fields {
  return new Fields(camelCased(body));
}

/** Objects with names chosen by the client, which must not be renamed. */
const OPAQUE: ReadonlySet<string> = new Set([
  ...["args", "response", "labels", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"],
  "partMetadata",
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
