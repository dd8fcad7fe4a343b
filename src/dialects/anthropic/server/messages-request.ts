import type { Adjustment } from "../../../core/attempt.ts";
import type { Effort, ModelRequest, ResponseFormat } from "../../../core/request.ts";
import type { JsonSchema, Tool, ToolChoice } from "../../../core/tool.ts";
import { Fields } from "../../served/fields.ts";
import { asObject } from "../../served/json.ts";
import { applyMarks } from "../../served/marks.ts";
import { OwnWire, type ReadTool } from "../../served/own-wire.ts";
import { Rejection } from "../../served/problem.ts";
import { type ReceivedRequest, type ServedRequest, servedRequest } from "../../served/served-request.ts";
import { effortOfBudget } from "../thinking.ts";
import { toolChoiceOf } from "../tools.ts";
import { CacheMarks } from "./cache-marks.ts";
import { clientTool } from "./client-tools.ts";
import { MESSAGES_MARKS } from "./messages-marks.ts";
import { readSystem, readTurn, type TurnContext } from "./messages-turns.ts";

type RequestSettings = ModelRequest["settings"];

/** Reads a messages body. */
export function readMessagesRequest(received: ReceivedRequest): ServedRequest {
  const body = new Fields(received.body);
  const adjustments: Adjustment[] = [];
  const model = body.string("model") ?? received.model ?? body.refuse("Field required", "model");
  const stream = body.boolean("stream") ?? received.streaming ?? false;
  refuseThread(body);
  applyMarks(body, MESSAGES_MARKS.fields);
  const own = new OwnWire("anthropic", received.owner, MESSAGES_MARKS);
  const context: TurnContext = { owner: received.owner, marks: new CacheMarks(received.body, adjustments), own };
  const turns = body.objects("messages") ?? body.refuse("Field required", "messages");
  const messages = [...readSystem(body, context), ...turns.flatMap((turn) => readTurn(turn, context))];
  const settings = readSettings(body, context);
  const read = { model, stream, messages, settings, samples: 1 };
  return servedRequest(body, read, adjustments, own.finish(body));
}

/** Conversations are not stored. The SDK sends the complete one again after this error. */
function refuseThread(body: Fields): void {
  const thread = asObject(body.remaining().thread);
  if (thread?.type !== "continue") return;
  const message = `thread: no thread has the message ${String(thread.previous_message_id)}`;
  throw new Rejection({ kind: "not-found", message, details: { error_code: "thread_not_found" } });
}

function readSettings(body: Fields, { marks, own }: TurnContext): RequestSettings {
  const output = body.object("output_config");
  const { tools, webSearch } = own.tools(body, (tool) => readTool(tool, marks));
  marks.takeAutomatic(body);
  return {
    temperature: body.number("temperature"),
    topP: body.number("top_p"),
    topK: body.number("top_k"),
    maxNewTokens: body.number("max_tokens"),
    stop: body.strings("stop_sequences"),
    reasoningEffort: readThinking(body, output, own),
    serviceTier: body.string("service_tier"),
    responseFormat: readFormat(output?.object("format") ?? body.object("output_format")),
    user: body.object("metadata")?.string("user_id"),
    webSearch,
    promptCache: marks.promptCache,
    tools: tools.length > 0 ? tools : undefined,
    ...readToolChoice(body, tools, own),
  };
}

const EFFORTS = ["low", "medium", "high", "xhigh", "max"] as const;
/** The API's default if thinking is on and no effort is set. */
const DEFAULT_EFFORT = "high";

function readThinking(body: Fields, output: Fields | undefined, own: OwnWire): Effort | undefined {
  const effort = output?.oneOf("effort", EFFORTS);
  const thinking = body.object("thinking");
  switch (thinking?.oneOf("type", ["enabled", "adaptive", "disabled"])) {
    case "disabled":
      return effort ?? "none";
    case "enabled":
      return effort ?? readBudget(thinking, own);
    case "adaptive":
      return effort ?? DEFAULT_EFFORT;
    default:
      return effort;
  }
}

function readBudget(thinking: Fields, own: OwnWire): Effort {
  const budget = thinking.number("budget_tokens") ?? thinking.refuse("Field required", "budget_tokens");
  if (!Number.isSafeInteger(budget) || budget < 1) thinking.refuse("expected a positive integer", "budget_tokens");
  const nearest = effortOfBudget(budget);
  own.budget(budget, thinking.pathOf("budget_tokens"), nearest);
  return nearest.effort;
}

/** A schema has no name in this API, but our request requires one. */
const NAME = "answer";

function readFormat(format: Fields | undefined): ResponseFormat | undefined {
  if (format === undefined) return undefined;
  format.oneOf("type", ["json_schema"]);
  return { type: "json_schema", name: NAME, schema: (format.json("schema") ?? {}) as JsonSchema };
}

function readTool(tool: Fields, marks: CacheMarks): ReadTool {
  marks.takePoint(tool);
  const type = tool.string("type") ?? "custom";
  if (type === "custom") return { functions: [readFunction(tool)] };
  if (type.startsWith("web_search")) return { webSearch: readWebSearch(tool) };
  const client = clientTool(type, tool.string("name") ?? "");
  if (client !== undefined) return { functions: [client], loss: { to: "function", reason: AS_FUNCTION } };
  return { loss: { to: undefined, reason: `only the anthropic wire has tools of type ${type}` } };
}

const AS_FUNCTION = "another wire format gets a function with the documented parameters";

function readFunction(tool: Fields): Tool {
  const description = tool.string("description");
  return {
    name: tool.string("name") ?? tool.refuse("Field required", "name"),
    ...(description !== undefined && { description }),
    parameters: (tool.json("input_schema") ?? tool.refuse("Field required", "input_schema")) as JsonSchema,
    ...(tool.boolean("strict") === true && { strict: true }),
  };
}

function readWebSearch(tool: Fields): RequestSettings["webSearch"] {
  tool.take("name");
  const maxUses = tool.number("max_uses");
  return maxUses === undefined ? true : { maxUses };
}

function readToolChoice(
  body: Fields,
  tools: readonly Tool[],
  own: OwnWire,
): Pick<RequestSettings, "toolChoice" | "parallelToolCalls"> {
  const choice = body.object("tool_choice");
  if (choice === undefined) return {};
  if (own.keepsTools) own.keep("tool_choice", choice.sent);
  const single = choice.boolean("disable_parallel_tool_use");
  const toolChoice = readChoice(choice);
  const isKnown = typeof toolChoice === "string" || tools.some(({ name }) => name === toolChoice.name);
  if (!isKnown || (toolChoice === "required" && tools.length === 0)) own.requireTool("tool_choice");
  // Without functions, all that is said of tools goes to the same wire format.
  if (own.keepsTools && (tools.length === 0 || !isKnown)) return {};
  return { toolChoice, parallelToolCalls: single === true ? false : undefined };
}

function readChoice(choice: Fields): ToolChoice {
  const type = choice.oneOf("type", ["auto", "any", "tool", "none"]) ?? "auto";
  return toolChoiceOf(type) ?? { name: choice.string("name") ?? choice.refuse("Field required", "name") };
}
