import { append } from "../../../core/append.ts";
import type {
  AssistantMessage,
  FilePart,
  ImagePart,
  Message,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  UserMessage,
} from "../../../core/message.ts";
import { own } from "../../../core/own.ts";
import type { Fields } from "../../served/fields.ts";
import { asArray, asObject, asObjects, asString } from "../../served/json.ts";
import { markOf } from "../../served/marks.ts";
import type { OwnWire } from "../../served/own-wire.ts";
import { parseArguments } from "../../served/tool-input.ts";
import { CALL_KINDS } from "../output-item.ts";
import { signItem, signReasoning, signText } from "../responses-signature.ts";
import type { FlatNames } from "./namespaces.ts";
import { readDetail, readFile, readImage } from "./read-media.ts";
import { RESPONSES_MARKS } from "./responses-marks.ts";

type UserPart = Exclude<UserMessage["content"], string>[number];
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

const ROLES = ["system", "developer", "user", "assistant"] as const;

export interface TurnsContext {
  /** Issued the reasoning and the signatures in the items. */
  readonly owner: string;
  readonly own: OwnWire;
  readonly names: FlatNames;
}

/** Converts the items of a responses body to messages. Consecutive items of the model become one message. */
export class ResponsesTurns {
  readonly messages: Message[] = [];
  readonly #context: TurnsContext;
  /** The parts of the current assistant message. */
  #turn: AssistantPart[] | undefined;
  /** The results of the current tool message. */
  #results: ToolResultPart[] | undefined;

  constructor(context: TurnsContext) {
    this.#context = context;
  }

  add(item: Fields): void {
    const type = item.string("type") ?? (item.has("role") ? "message" : undefined);
    if (type === undefined) item.refuse("Missing required parameter.", "type");
    else if (type === "message") this.#addMessage(item);
    else if (type === "reasoning") this.#said([readReasoning(item, this.#context.owner)]);
    else if (own(CALL_KINDS, type) !== undefined) this.#said([readCall(type, item, this.#context)]);
    else if (own(RESULTS, type) !== undefined)
      this.#addResult(this.#context.own.part(item, () => readResult(type, item), [CACHE_MARK]));
    else if (markOf(RESPONSES_MARKS.content, type) === "same wire") this.#addOwn(type, item);
    else item.refuse(`items of type '${type}' are not supported`, "type");
  }

  /** An item that only this wire format has, as a part of the model's or of the client's turn. */
  #addOwn(type: string, item: Fields): void {
    const part = this.#context.own.block(item);
    if (OF_CLIENT.test(type)) this.#push({ role: "user", content: [part] });
    else this.#said([part]);
  }

  #addMessage(item: Fields): void {
    const role = item.oneOf("role", ROLES) ?? item.refuse("Missing required parameter.", "role");
    for (const name of ["id", "status"]) item.take(name);
    if (role === "assistant") this.#addAnswer(item);
    else if (role === "user")
      this.#push({ role, content: readContent(item, (part) => readUserPart(part, this.#context.own)) });
    else {
      const { own } = this.#context;
      this.#push({ role: "system", content: readContent(item, (part) => own.part(part, readText, [CACHE_MARK])) });
    }
  }

  /** Clients may send a plain string as `content`. */
  #addAnswer(item: Fields): void {
    const signature = signText(item.remaining());
    item.take("phase");
    const content = readContent(item, (part) => readAnswerPart(part, this.#context.own));
    if (typeof content === "string" && signature === undefined) this.#said([{ type: "text", text: content }]);
    else {
      const parts: readonly TextPart[] = typeof content === "string" ? [{ type: "text", text: content }] : content;
      const signed = signature === undefined ? {} : { signature, owner: this.#context.owner };
      this.#said(parts.map((part, index) => (index === parts.length - 1 ? { ...signed, ...part } : part)));
    }
  }

  #said(parts: readonly AssistantPart[]): void {
    if (this.#turn === undefined) {
      this.#turn = [];
      this.#push({ role: "assistant", content: this.#turn });
    }
    append(this.#turn, parts);
  }

  #addResult(part: ToolResultPart): void {
    const results = this.#results ?? [];
    results.push(part);
    if (this.#results !== undefined) return;
    this.#push({ role: "tool", content: results });
    this.#results = results;
  }

  #push(message: Message): void {
    if (message.role !== "assistant") this.#turn = undefined;
    this.#results = undefined;
    this.messages.push(message);
  }
}

function readContent<Part>(item: Fields, read: (part: Fields) => Part): string | readonly Part[] {
  return item.ifString("content") ?? item.objects("content")?.map(read) ?? item.refuse("Field required.", "content");
}

/** It stays unread, so that the same wire format gets it as it is. */
const CACHE_MARK = "prompt_cache_breakpoint";

function readText(part: Fields): TextPart {
  part.oneOf("type", ["input_text", "output_text", "text"]);
  return { type: "text", text: part.string("text") ?? "", ...(part.has(CACHE_MARK) && { cache: true }) };
}

/** Items that the client adds to the conversation. */
const OF_CLIENT = /_output$|_response$|^additional_|^configuration_|_trigger$/;

/** Annotations stay with their text. */
function readAnswerPart(part: Fields, own: OwnWire): TextPart {
  const read = readAnswerText(part);
  if (asArray(part.sent.annotations).length === 0) return read;
  const { logprobs: _, ...content } = part.sent;
  return { ...read, ...own.signed({ type: "message", role: "assistant", content: [content] }) };
}

function readAnswerText(part: Fields): TextPart {
  for (const name of ["annotations", "logprobs"]) part.take(name);
  const type = part.oneOf("type", ["output_text", "input_text", "text", "refusal"]);
  return { type: "text", text: part.string(type === "refusal" ? "refusal" : "text") ?? "" };
}

function readUserPart(part: Fields, own: OwnWire): UserPart {
  const { type, file_id } = part.sent;
  // What OpenAI stores.
  if (typeof file_id === "string") return own.block(part, "refused");
  switch (type) {
    case "input_image":
      return own.part(part, readInputImage, [CACHE_MARK]);
    case "input_file":
      return own.part(part, readInputFile, [CACHE_MARK]);
    case "input_text":
    case "output_text":
    case "text":
      return own.part(part, readText, [CACHE_MARK]);
    default:
      return own.block(part);
  }
}

function readInputFile(part: Fields): FilePart {
  part.take("type");
  return readFile(part);
}

function readInputImage(part: Fields): ImagePart {
  part.take("type");
  const url = part.string("image_url") ?? part.refuse("only images sent as data or by URL are supported");
  const { detail } = readDetail(part);
  // The field is required; "auto" means that no detail was set.
  return { ...readImage(url), ...(detail !== undefined && detail !== "auto" && { detail }) };
}

/** The summary is used as the reasoning text, as in an answer. */
function readReasoning(item: Fields, owner: string): ReasoningPart {
  const signature = signReasoning(item.remaining());
  for (const name of ["id", "encrypted_content", "status"]) item.take(name);
  const summary = (item.objects("summary") ?? []).map(textOf).filter((text) => text !== "");
  const content = (item.objects("content") ?? []).map(textOf);
  const text = summary.length > 0 ? summary.join("\n\n") : content.join("");
  return { type: "reasoning", text, ...(signature !== undefined && { signature, owner }) };
}

function textOf(part: Fields): string {
  part.take("type");
  return part.string("text") ?? "";
}

function readCall(type: string, item: Fields, context: TurnsContext): ToolCallPart {
  const namespace = item.string("namespace");
  const call = readPlainCall(type, item, context.owner);
  if (namespace === undefined) return call;
  const { id: _, status: __, ...block } = item.sent;
  const name = context.names.nameOf({ namespace, name: call.name });
  return { ...call, name, ...context.own.signed(block, "unreported") };
}

function readPlainCall(type: string, item: Fields, owner: string): ToolCallPart {
  const signature = signItem({ ...item.remaining(), type });
  const kind = own(CALL_KINDS, type) ?? "function";
  for (const name of ["id", "status"]) item.take(name);
  const id = item.string("call_id") ?? item.refuse("Missing required parameter.", "call_id");
  const signed = kind === "function" || signature === undefined ? {} : { signature, owner };
  const given = { type: "tool-call", id, ...(kind !== "function" && { kind }), ...signed } as const;
  switch (kind) {
    case "function":
      return { ...given, name: nameOf(item), arguments: parseArguments(item) };
    case "custom":
      return { ...given, name: nameOf(item), arguments: { input: item.string("input") ?? "" } };
    default:
      return {
        ...given,
        name: type.replace(/_call$/, ""),
        arguments: item.json("operation") ?? item.json("action") ?? {},
      };
  }
}

function nameOf(item: Fields): string {
  return item.string("name") ?? item.refuse("Missing required parameter.", "name");
}

/** Items that hold the result of a call. */
const RESULTS: Readonly<Record<string, true>> = {
  function_call_output: true,
  custom_tool_call_output: true,
  apply_patch_call_output: true,
  shell_call_output: true,
  local_shell_call_output: true,
};

function readResult(type: string, item: Fields): ToolResultPart {
  const failed = item.string("status") === "failed";
  const named = item.string("call_id");
  const other = item.string("id");
  const id = named ?? other ?? item.refuse("Missing required parameter.", "call_id");
  item.take("max_output_length");
  if (type === "shell_call_output") return { type: "tool-result", id, ...readShellOutput(item.take("output")) };
  return { type: "tool-result", id, content: readOutput(item), ...(failed && { error: true }) };
}

/** The output of a single command becomes text; other output stays a JSON array in the format of the wire. */
function readShellOutput(output: unknown): Pick<ToolResultPart, "content" | "error"> {
  const [only, ...more] = asObjects(output);
  const outcome = asObject(only?.outcome);
  const code = outcome?.type === "exit" ? outcome.exit_code : undefined;
  const isPlain = more.length === 0 && only?.stderr === "" && (code === 0 || code === 1);
  if (!isPlain) return { content: JSON.stringify(output ?? []) };
  return { content: asString(only?.stdout) ?? "", ...(code === 1 && { error: true }) };
}

function readOutput(item: Fields): ToolResultPart["content"] {
  const parts = item.isString("output") ? undefined : item.objects("output");
  return parts?.map(readOutputPart) ?? item.string("output") ?? "";
}

function readOutputPart(part: Fields): TextPart | ImagePart {
  return part.remaining().type === "input_image" ? readInputImage(part) : readText(part);
}
