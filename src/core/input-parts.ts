import { ModelError } from "./error.ts";
import { invalidInput, kindOf, type Loose, shownValue, stringAt } from "./invalid-input.ts";
import { bytesIn, partOfBase64, partOfBytes, pendingIn, sourceOf, wrongData } from "./media-source.ts";
import type { Part, Signed, ToolResultPart } from "./message.ts";
import { checkToolCall, type GivenCall } from "./tool-arguments.ts";

export function readContent(
  content: unknown,
  path: string,
  allowed: readonly Part["type"][],
): string | readonly Part[] {
  if (typeof content === "string") {
    if (content === "") throw invalidInput(path, "the content is empty");
    return content;
  }
  if (!Array.isArray(content))
    throw invalidInput(path, `expected a string or an array of parts as content, got ${kindOf(content)}`);
  const parts = readParts(content, path, allowed);
  if (parts.length === 0) throw invalidInput(path, "the content is empty");
  return parts;
}

function readParts(content: readonly unknown[], path: string, allowed: readonly Part["type"][]): readonly Part[] {
  return content.map((part, index) => readPart(part, `${path}.content[${index}]`, allowed)).filter(isFilled);
}

/** Some providers reject empty text, so it is dropped; signed parts are kept. */
function isFilled(part: Part): boolean {
  return part.type !== "text" || part.text !== "" || part.signature !== undefined;
}

export function readPart(value: unknown, path: string, allowed: readonly Part["type"][]): Part {
  if (typeof value !== "object" || value === null) throw invalidInput(path, `expected a part, got ${kindOf(value)}`);
  const part = canonicalPart(value as Loose, path);
  if (!allowed.includes(part.type))
    throw invalidInput(path, `a part of type "${part.type}" is not allowed here; expected ${allowed.join(", ")}`);
  return part;
}

function canonicalPart(part: Loose, path: string): Part {
  const { type } = part;
  const read = typeof type === "string" && Object.hasOwn(PART_READERS, type) ? PART_READERS[type] : undefined;
  if (read === undefined) throw invalidInput(path, `unknown part type ${shownValue(type)}`);
  return read(part, path);
}

const PART_READERS: Readonly<Record<string, (part: Loose, path: string) => Part>> = {
  text: readText,
  input_text: readText,
  output_text: readText,
  refusal: (part, path) => ({ type: "text", text: stringAt(part["refusal"], `${path}.refusal`) }),
  image: (part, path) => withSource(part, path, "image") as Part,
  image_url: readImageUrl,
  file: readFile,
  audio: (part, path) =>
    withData({ ...signedOf(part), type: "audio", data: part["data"], mediaType: part["mediaType"] }, path),
  input_audio: readInputAudio,
  reasoning: (part, path) => ({ ...part, type: "reasoning", text: stringAt(part["text"], `${path}.text`) }) as Part,
  "tool-call": readToolCallPart,
  "tool-result": (part, path) => readToolResult(part, path),
};

function readText(part: Loose, path: string): Part {
  const value = stringAt(part["text"], `${path}.text`);
  return { type: "text", text: value, ...signedOf(part), ...(part["cache"] === true && { cache: true }) };
}

function signedOf({ signature, owner }: Loose): Signed {
  if (typeof signature !== "string") return {};
  return { signature, ...(typeof owner === "string" && { owner }) };
}

function withSource(part: Loose, path: string, type: "image" | "file"): Part {
  const { url, data } = sourceOf(part, path);
  if (url !== undefined)
    return splitDataUrl({ ...part, type, url: stringAt(url, `${path}.url`) } as Part, `${path}.url`);
  if (data !== undefined) return withData({ ...part, type, url: undefined, data }, path);
  const help = part["path"] === undefined ? "" : "; for a file of this machine, give data: localFile(path)";
  throw invalidInput(path, `${type === "image" ? "an image" : "a file"} needs a url or data${help}`);
}

/** Base64, bytes, or what the call reads when it starts. */
function withData({ url: _, ...part }: Loose, path: string): Part {
  const { data, mediaType } = part;
  if (mediaType !== undefined) stringAt(mediaType, `${path}.mediaType`);
  const bytes = bytesIn(data);
  if (bytes !== undefined) return partOfBytes(part, bytes, path);
  if (pendingIn(data) !== undefined) return part as unknown as Part;
  if (typeof data !== "string") throw wrongData(data, path);
  return mediaType === undefined ? partOfBase64(part, data, path) : (part as unknown as Part);
}

/** A provider refuses a relative URL, or resolves it against a base of its own. */
function absolute(url: string, path: string): void {
  if (/^file:/i.test(url))
    throw invalidInput(path, "a file: URL in a string is not opened; give data: localFile(path), or a URL object");
  // One letter is the drive of a path.
  if (/^[a-z][a-z\d+.-]+:/i.test(url) && URL.canParse(url)) return;
  throw invalidInput(path, "expected an absolute URL or a data: URL; for a file, give its data and mediaType");
}

/** `data:` URLs become data and mediaType, so that every wire format can encode them. */
function splitDataUrl<T extends Part>(part: T, path: string): Part {
  const url = (part as { url?: string }).url ?? "";
  if (!url.startsWith("data:")) {
    absolute(url, path);
    return part;
  }
  const comma = url.indexOf(",");
  if (comma < 0) throw invalidInput(path, "a data: URL needs a comma before its data");
  const mediaType = url.slice(5, comma).split(";")[0] || "application/octet-stream";
  const { url: _, ...rest } = part as T & { url?: string };
  return { ...rest, data: url.slice(comma + 1), mediaType } as Part;
}

function readImageUrl(part: Loose, path: string): Part {
  const source = part["image_url"];
  const loose = (typeof source === "string" ? { url: source } : source) as Loose | undefined;
  const url = stringAt(loose?.["url"], `${path}.image_url.url`);
  const detail = loose?.["detail"];
  return splitDataUrl(
    { type: "image", url, ...((detail === "auto" || detail === "low" || detail === "high") && { detail }) },
    `${path}.image_url.url`,
  );
}

function readFile(part: Loose, path: string): Part {
  const openai = part["file"] as Loose | null | undefined;
  if (openai === undefined || openai === null) return withSource(part, path, "file");
  const filename = openai["filename"];
  const url = stringAt(openai["file_data"], `${path}.file.file_data`);
  const dataUrl = url.startsWith("data:") ? url : `data:application/pdf;base64,${url}`;
  return splitDataUrl({ type: "file", url: dataUrl, ...(typeof filename === "string" && { filename }) }, path);
}

function readInputAudio(part: Loose, path: string): Part {
  const audio = part["input_audio"] as Loose | undefined;
  return {
    type: "audio",
    data: stringAt(audio?.["data"], `${path}.input_audio.data`),
    mediaType: `audio/${stringAt(audio?.["format"], `${path}.input_audio.format`)}`,
  };
}

function readToolCallPart(part: Loose, path: string): Part {
  const id = stringAt(part["id"], `${path}.id`);
  const name = stringAt(part["name"], `${path}.name`);
  const { malformed } = part;
  if (malformed !== undefined) checkMalformed({ id, name, json: stringAt(malformed, `${path}.malformed`) }, path);
  return { ...part, type: "tool-call", id, name, arguments: part["arguments"] ?? {} } as Part;
}

/** Valid arguments in `malformed` could be others than the `arguments` that someone approves. */
function checkMalformed(call: Omit<GivenCall, "deliverInvalid">, path: string): void {
  if ("call" in checkToolCall(call))
    throw invalidInput(`${path}.malformed`, "these are valid arguments; move them to arguments");
}

export function readToolResult(part: Loose, path: string): ToolResultPart {
  const id = stringAt(part["id"], `${path}.id`);
  const { name, content } = part;
  if (content === undefined || content === null)
    throw invalidInput(`${path}.content`, `tool result "${id}" has no content; a tool without output returns ""`);
  return {
    type: "tool-result",
    id,
    ...(typeof name === "string" && { name }),
    content: Array.isArray(content) ? resultParts(content, path) : resultText(content, `${path}.content`),
    ...(part["error"] === true && { error: true }),
    ...signedOf(part),
  };
}

function resultText(content: unknown, path: string): string {
  return typeof content === "string" ? content : jsonOf(content, path);
}

/** A tool may return nothing: no parts, or only empty ones, become "". */
function resultParts(content: readonly unknown[], path: string): ToolResultPart["content"] {
  const parts = readParts(content, path, ["text", "image"]);
  return parts.length === 0 ? "" : (parts as Exclude<ToolResultPart["content"], string>);
}

function jsonOf(value: unknown, path: string): string {
  try {
    const json = JSON.stringify(value) as string | undefined;
    if (json !== undefined) return json;
  } catch (cause) {
    throw new ModelError({ code: "invalid_request", message: `${path}: not serializable as JSON`, cause });
  }
  throw invalidInput(path, `not serializable as JSON: ${kindOf(value)}`);
}
