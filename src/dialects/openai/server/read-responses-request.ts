import { asNumber, asObject, asObjects, asString, type Json } from "../../served/json.ts";
import { Rejection, refuse } from "../../served/problem.ts";
import { segmentOf, toolSegment } from "../../served/prompt-segment.ts";
import {
  amountOfEffort,
  promptOf,
  type ReasoningWish,
  type SimulatedRequest,
  type SimulatedTool,
  type SimulatedTurn,
} from "../../served/request.ts";
import { isSealed } from "../../served/signature.ts";
import type { Received, ResponseHistory } from "../../server-wire.ts";
import {
  allowedNames,
  checkJsonMode,
  checkNumbers,
  checkStrict,
  checkToolName,
  requireModel,
} from "./check-request.ts";
import { mediaName } from "./read-chat-request.ts";

/** Reads a responses body; throws the provider's error for an invalid one. */
export function readResponses({ body, path, model: fromPath, history, counting }: Received): SimulatedRequest {
  const model = requireModel(body, fromPath);
  checkNumbers(body);
  const items = itemsOf(body, history, counting);
  checkItems(items, body);
  const tools = toolsOf(body);
  const turns = turnsOf(items);
  const instructions = asString(body.instructions) ?? "";
  const format = asObject(asObject(body.text)?.format);
  checkJsonMode(format, [instructions, ...items.map(itemText)].join("\n"), "input");
  return {
    wire: "openai-responses",
    path,
    model,
    stream: body.stream === true,
    system: [instructions, ...items.filter(isInstruction).map(itemText)].filter((text) => text !== "").join("\n\n"),
    turns,
    prompt: promptOf(turns),
    tools,
    toolChoice: choiceOf(body, tools),
    parallelTools: body.parallel_tool_calls !== false,
    output: outputOf(format),
    maxTokens: asNumber(body.max_output_tokens),
    stop: [],
    samples: 1,
    reasoning: reasoningOf(body),
    seed: undefined,
    segments: [...tools.map((tool) => toolSegment(tool)), segmentOf(instructions), ...items.map(itemSegment)],
    body,
  };
}

/** The items to store for a later request that names this response in `previous_response_id`. */
export function keptItems(body: Json, history: ResponseHistory): readonly unknown[] {
  return itemsOf(body, history, false);
}

function itemsOf(body: Json, history: ResponseHistory, counting: boolean): readonly Json[] {
  const input = body.input;
  if (input === undefined && !counting)
    refuse("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  if (typeof input !== "string" && !Array.isArray(input) && input !== undefined) {
    refuse("Invalid type for 'input': expected one of a string or array of input items.", "input", "invalid_type");
  }
  const own = typeof input === "string" ? [{ role: "user", content: input }] : asObjects(input);
  return [...previousItems(body, history), ...own];
}

function previousItems(body: Json, history: ResponseHistory): readonly Json[] {
  const id = asString(body.previous_response_id);
  if (id === undefined) return [];
  const kept = history.get(id);
  if (kept === undefined) {
    refuse(`Previous response with id '${id}' not found.`, "previous_response_id", "previous_response_not_found");
  }
  return asObjects(kept);
}

const ROLES: readonly string[] = ["user", "assistant", "system", "developer"];

function checkItems(items: readonly Json[], body: Json): void {
  const idsOf = (type: string) => new Set(items.filter((item) => item.type === type).map((item) => item.call_id));
  const calls = idsOf("function_call");
  const outputs = idsOf("function_call_output");
  for (const [index, item] of items.entries()) {
    if (item.type === "reasoning") checkReasoning(item, items[index + 1], index, body);
    if (item.type === "function_call" && !outputs.has(item.call_id)) {
      refuse(`No tool output found for function call ${String(item.call_id)}.`, "input");
    }
    if (item.type === "function_call_output" && !calls.has(item.call_id)) {
      refuse(`No tool call found for function call output with call_id ${String(item.call_id)}.`, "input");
    }
    if (isMessage(item)) checkRole(item, index);
  }
}

function checkRole(item: Json, index: number): void {
  if (ROLES.includes(String(item.role))) return;
  const supported = ROLES.map((role) => `'${role}'`).join(", ");
  refuse(
    `Invalid value: '${String(item.role)}'. Supported values are: ${supported}.`,
    `input[${index}].role`,
    "invalid_value",
  );
}

function isMessage(item: Json): boolean {
  return item.type === "message" || (item.type === undefined && item.role !== undefined);
}

/** A reasoning item must be unchanged and followed by its output item. */
function checkReasoning(item: Json, next: Json | undefined, index: number, body: Json): void {
  const id = String(item.id);
  const sealed = item.encrypted_content;
  if (typeof sealed === "string" && !isSealed("reasoning", sealed)) {
    refuse(
      `The encrypted content for item ${id} could not be verified.`,
      `input[${index}].encrypted_content`,
      "invalid_encrypted_content",
    );
  }
  if (typeof sealed !== "string" && body.store === false) {
    throw new Rejection({
      kind: "not-found",
      message: `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
      param: "input",
      code: "item_not_found",
    });
  }
  if (next === undefined || next.type === "function_call_output" || next.role === "user") {
    refuse(`Item '${id}' of type 'reasoning' was provided without its required following item.`, "input");
  }
}

function isInstruction(item: Json): boolean {
  return item.role === "system" || item.role === "developer";
}

function toolsOf(body: Json): readonly SimulatedTool[] {
  return asObjects(body.tools).flatMap((tool, index) => {
    if (tool.type !== "function") return [];
    const name = checkToolName(asString(tool.name), `tools[${index}].name`);
    checkStrict(name, tool.parameters, tool.strict, `tools[${index}].parameters`, "function");
    return [{ name, description: asString(tool.description) ?? "", parameters: tool.parameters ?? { type: "object" } }];
  });
}

function choiceOf(body: Json, tools: readonly SimulatedTool[]): SimulatedRequest["toolChoice"] {
  const choice = body.tool_choice;
  if (choice === undefined || choice === null) return "auto";
  if (choice === "auto" || choice === "none" || choice === "required") return choice;
  const names = allowedNames(asObject(choice));
  const unknown = names.find((name) => !tools.some((tool) => tool.name === name));
  if (unknown !== undefined || names.length === 0)
    refuse(`Tool choice '${unknown ?? ""}' not found in 'tools' parameter.`, "tool_choice");
  return asObject(choice)?.mode === "auto" ? "auto" : { names };
}

function outputOf(format: Json | undefined): SimulatedRequest["output"] {
  if (format?.type === "json_object") return "json";
  if (format?.type !== "json_schema") return "text";
  if (asString(format.name) === undefined)
    refuse("Missing required parameter: 'text.format.name'.", "text.format.name", "missing_required_parameter");
  checkStrict(asString(format.name) ?? "", format.schema, format.strict, "text.format.schema", "response_format");
  return { schema: format.schema ?? {} };
}

function reasoningOf(body: Json): ReasoningWish | undefined {
  const reasoning = asObject(body.reasoning);
  const effort = asString(reasoning?.effort) ?? (reasoning === undefined ? "none" : "medium");
  if (effort === "none") return undefined;
  return { amount: amountOfEffort(effort), visible: typeof reasoning?.summary === "string" };
}

function turnsOf(items: readonly Json[]): readonly SimulatedTurn[] {
  const names = new Map<unknown, string>();
  const turns: SimulatedTurn[] = [];
  for (const item of items) {
    if (item.type === "function_call") names.set(item.call_id, asString(item.name) ?? "");
    if (item.type === "function_call_output") addResult(turns, item, names);
    if (isMessage(item) && !isInstruction(item)) turns.push(turnOf(item));
  }
  return turns;
}

function turnOf(item: Json): SimulatedTurn {
  const role = item.role === "assistant" ? "assistant" : "user";
  return { role, text: itemText(item), media: mediaParts(item).map(partName), results: [] };
}

function addResult(turns: SimulatedTurn[], item: Json, names: ReadonlyMap<unknown, string>): void {
  const output = item.output;
  const text = typeof output === "string" ? output : contentText(output);
  const result = { id: asString(item.call_id) ?? "", name: names.get(item.call_id), text };
  const last = turns.at(-1);
  if (last !== undefined && last.results.length > 0)
    turns[turns.length - 1] = { ...last, results: [...last.results, result] };
  else turns.push({ role: "user", text: "", media: [], results: [result] });
}

function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  const texts = asObjects(content).map((part) => asString(part.text) ?? asString(part.refusal) ?? "");
  return texts.filter((text) => text !== "").join("\n");
}

function itemText(item: Json): string {
  return contentText(item.content);
}

function mediaParts(item: Json): readonly Json[] {
  return asObjects(item.content).filter((part) => /image|file|audio/.test(String(part.type)));
}

function partName(part: Json): string {
  const url = asString(part.image_url);
  return asString(part.filename) ?? (url === undefined ? String(part.type).replace("input_", "") : mediaName(url));
}

function itemSegment(item: Json) {
  const marked = asObjects(item.content).some((part) => part.prompt_cache_breakpoint !== undefined);
  const text = isMessage(item) ? `${String(item.role)} ${itemText(item)}` : JSON.stringify(item);
  return segmentOf(text, mediaParts(item), marked ? "5m" : undefined);
}
