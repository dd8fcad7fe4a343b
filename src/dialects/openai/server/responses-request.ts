import type { Message } from "../../../core/message.ts";
import { own as ownOf } from "../../../core/own.ts";
import type { ModelRequest } from "../../../core/request.ts";
import type { Tool } from "../../../core/tool.ts";
import { Fields } from "../../served/fields.ts";
import { asObject, asObjects, asString, type Json } from "../../served/json.ts";
import { applyMarks } from "../../served/marks.ts";
import { OwnWire, type ReadTool } from "../../served/own-wire.ts";
import { refuse } from "../../served/problem.ts";
import { type ReceivedRequest, type ServedRequest, servedRequest } from "../../served/served-request.ts";
import type { ResponseHistory } from "../../server-wire.ts";
import { CLIENT_TOOLS } from "./client-tools.ts";
import { FlatNames } from "./namespaces.ts";
import {
  CUSTOM_LOSS,
  customFunction,
  readEffort,
  readFormat,
  readFunction,
  readShared,
  readToolChoice,
  readVerbosity,
} from "./read-settings.ts";
import { RESPONSES_MARKS } from "./responses-marks.ts";
import { ResponsesTurns, type TurnsContext } from "./responses-turns.ts";

/** Reads a responses body. */
export function readResponsesRequest(received: ReceivedRequest): ServedRequest {
  const body = new Fields(received.body);
  applyMarks(body, RESPONSES_MARKS.fields);
  const own = new OwnWire("openai-responses", received.owner, RESPONSES_MARKS);
  const model = body.string("model") ?? received.model ?? body.refuse("you must provide a model parameter");
  const stream = body.boolean("stream") ?? received.streaming ?? false;
  const names = new FlatNames(body.sent.tools);
  const messages = readInput(body, received, { own, names });
  const settings = readSettings(body, own, names);
  const read = { model, stream, messages, settings, samples: 1 };
  return servedRequest(body, read, [], own.finish(body));
}

function readInput(
  body: Fields,
  { owner, history }: ReceivedRequest,
  context: Pick<TurnsContext, "own" | "names">,
): readonly Message[] {
  const turns = new ResponsesTurns({ owner, ...context });
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

function readSettings(body: Fields, own: OwnWire, names: FlatNames): ModelRequest["settings"] {
  const shared = readShared(body, own);
  const included = readIncluded(body, own);
  const reasoning = body.object("reasoning");
  const text = body.object("text");
  // Neither is a setting: every request with an effort asks for a summary, and conversations are stored by the server.
  reasoning?.take("summary");
  body.boolean("store");
  const { tools, webSearch } = own.tools(body, (tool) => readTool(tool, names));
  return {
    ...shared,
    maxNewTokens: body.number("max_output_tokens"),
    logprobs: included.has(LOGPROBS) ? true : undefined,
    reasoningEffort: readEffort(reasoning, "effort"),
    verbosity: readVerbosity(text),
    responseFormat: readFormat(text?.object("format")),
    ...(webSearch !== undefined && webSearch !== false && { webSearch: withMaxUses(webSearch, body) }),
    ...readToolChoice(body, tools, own),
  };
}

const LOGPROBS = "message.output_text.logprobs";
/** Encrypted reasoning is always requested, so it needs no setting. */
const INCLUDED: ReadonlySet<string> = new Set(["reasoning.encrypted_content", LOGPROBS]);

function readIncluded(body: Fields, own: OwnWire): ReadonlySet<string> {
  const wanted = body.strings("include") ?? [];
  const other = wanted.filter((name) => !INCLUDED.has(name));
  const reason = `only the openai-responses wire can include ${other.join(", ")}`;
  if (other.length > 0) own.join("include", other, reason);
  return new Set(wanted);
}

type WebSearch = Exclude<ModelRequest["settings"]["webSearch"], undefined | false>;

function readTool(tool: Fields, names: FlatNames): ReadTool {
  const type = tool.string("type") ?? "";
  if (type === "function") return { functions: [readFunction(tool)] };
  if (type === "custom") return { functions: [customFunction(tool)], loss: CUSTOM_LOSS };
  if (type === "namespace") return { functions: readNamespace(tool, names), loss: NAMESPACE_LOSS };
  if (type.startsWith("web_search")) return { webSearch: readWebSearch(tool) };
  const client = isHosted(tool.sent) ? undefined : ownOf(CLIENT_TOOLS, type);
  if (client !== undefined) return { functions: [client], loss: CLIENT_LOSS };
  return { loss: { to: undefined, reason: `only the openai-responses wire has tools of type ${type}` } };
}

const NAMESPACE_LOSS = {
  to: "functions",
  reason: "another wire format gets functions with the namespace in their names",
};
const CLIENT_LOSS = { to: "function", reason: "another wire format gets a function with the documented parameters" };

/** A shell in a container of OpenAI is not one of the client. */
function isHosted({ environment }: Json): boolean {
  return asString(asObject(environment)?.type)?.startsWith("container") === true;
}

function readNamespace(space: Fields, names: FlatNames): readonly Tool[] {
  const namespace = space.string("name") ?? space.refuse("Missing required parameter.", "name");
  return (space.objects("tools") ?? []).map((tool) => {
    const read = tool.string("type") === "custom" ? customFunction(tool) : readFunction(tool);
    return { ...read, name: names.nameOf({ namespace, name: read.name }) };
  });
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
