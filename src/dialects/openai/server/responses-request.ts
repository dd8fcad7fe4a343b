import type { Adjustment } from "../../../core/attempt.ts";
import type { Message } from "../../../core/message.ts";
import type { ModelRequest } from "../../../core/request.ts";
import type { Tool } from "../../../core/tool.ts";
import { Fields } from "../../served/fields.ts";
import { asObjects } from "../../served/json.ts";
import { refuse } from "../../served/problem.ts";
import { type ReceivedRequest, type ServedRequest, servedRequest } from "../../served/served-request.ts";
import type { ResponseHistory } from "../../server-wire.ts";
import { readEffort, readFormat, readFunction, readShared, readToolChoice, readVerbosity } from "./read-settings.ts";
import { ResponsesTurns } from "./responses-turns.ts";

/** Reads a responses body. */
export function readResponsesRequest(received: ReceivedRequest): ServedRequest {
  const body = new Fields(received.body);
  const adjustments: Adjustment[] = [];
  const model = body.string("model") ?? received.model ?? body.refuse("you must provide a model parameter");
  const stream = body.boolean("stream") ?? received.streaming ?? false;
  refuseStored(body);
  const messages = readInput(body, received);
  const settings = readSettings(body, adjustments);
  return servedRequest(body, { model, stream, messages, settings, samples: 1 }, adjustments);
}

/** What only the provider has: jobs, conversations and prompts under an id. */
function refuseStored(body: Fields): void {
  if (body.boolean("background") === true) body.refuse("responses in the background are not supported", "background");
  for (const name of ["conversation", "prompt"])
    if (body.has(name)) body.refuse("it is stored by the provider, and not supported here", name);
}

function readInput(body: Fields, { owner, history }: ReceivedRequest): readonly Message[] {
  const turns = new ResponsesTurns(owner);
  const instructions = body.string("instructions");
  if (instructions !== undefined) turns.messages.push({ role: "system", content: instructions });
  for (const item of previousItems(body, history)) turns.add(item);
  const text = body.ifString("input");
  if (text !== undefined) return [...turns.messages, { role: "user", content: text }];
  for (const item of body.objects("input") ?? body.refuse("Missing required parameter.", "input")) turns.add(item);
  return turns.messages;
}

function previousItems(body: Fields, history: ResponseHistory | undefined): readonly Fields[] {
  const id = body.string("previous_response_id");
  if (id === undefined) return [];
  const kept = history?.get(id);
  if (kept !== undefined) return asObjects(kept).map((item) => new Fields(item, "input"));
  refuse(`Previous response with id '${id}' not found.`, "previous_response_id", "previous_response_not_found");
}

function readSettings(body: Fields, adjustments: Adjustment[]): ModelRequest["settings"] {
  const shared = readShared(body, adjustments);
  const included = readIncluded(body, adjustments);
  const reasoning = body.object("reasoning");
  const text = body.object("text");
  // Neither is a setting: every request with an effort asks for a summary, and conversations are stored by the server.
  reasoning?.take("summary");
  body.boolean("store");
  const { tools, webSearch } = readTools(body, adjustments);
  return {
    ...shared,
    maxNewTokens: body.number("max_output_tokens"),
    logprobs: included.has(LOGPROBS) ? true : undefined,
    reasoningEffort: readEffort(reasoning, "effort"),
    verbosity: readVerbosity(text),
    responseFormat: readFormat(text?.object("format")),
    ...(webSearch !== undefined && { webSearch: withMaxUses(webSearch, body) }),
    ...readToolChoice(body, tools, adjustments),
  };
}

const LOGPROBS = "message.output_text.logprobs";
/** Encrypted reasoning is always requested, so it needs no setting. */
const INCLUDED: ReadonlySet<string> = new Set(["reasoning.encrypted_content", LOGPROBS]);

function readIncluded(body: Fields, adjustments: Adjustment[]): ReadonlySet<string> {
  const wanted = body.strings("include") ?? [];
  const other = wanted.filter((name) => !INCLUDED.has(name));
  const reason = "only encrypted reasoning and log probabilities can be included";
  if (other.length > 0) adjustments.push({ setting: "include", from: other, to: undefined, reason });
  return new Set(wanted);
}

type WebSearch = Exclude<ModelRequest["settings"]["webSearch"], undefined | false>;

interface ToolsRead {
  readonly tools: readonly Tool[];
  readonly webSearch: WebSearch | undefined;
}

function readTools(body: Fields, adjustments: Adjustment[]): ToolsRead {
  const tools: Tool[] = [];
  let webSearch: WebSearch | undefined;
  for (const tool of body.objects("tools") ?? []) {
    const type = tool.string("type") ?? "";
    if (type === "function") tools.push(readFunction(tool));
    else if (type.startsWith("web_search")) webSearch = readWebSearch(tool);
    else {
      const reason = `only functions and web search are supported, not tools of type ${type}`;
      adjustments.push({ setting: tool.path, from: { type, ...tool.takeAll() }, to: undefined, reason });
    }
  }
  return { tools, webSearch };
}

function readWebSearch(tool: Fields): WebSearch {
  const contextSize = tool.oneOf("search_context_size", ["low", "medium", "high"]);
  return contextSize === undefined ? true : { contextSize };
}

/** The limit applies to all built-in tools; web search is the only one here. */
function withMaxUses(search: WebSearch, body: Fields): WebSearch {
  const maxUses = body.number("max_tool_calls");
  return maxUses === undefined ? search : { ...(search === true ? {} : search), maxUses };
}
