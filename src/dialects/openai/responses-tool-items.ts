import type {
  ResponseCustomToolCallOutput,
  ResponseFunctionCallOutputItem,
  ResponseFunctionShellCallOutputContent,
  ResponseInputItem,
} from "openai/resources/responses/responses";
import type { Message, ToolCallPart, ToolResultPart } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import { resultText } from "../result-text.ts";
import { failedResult } from "./chat-messages.ts";
import { readItemId } from "./responses-signature.ts";
import { wireToolId } from "./tool-ids.ts";
import { listIn, numberIn, objectIn, objectsIn, textIn } from "./wire-value.ts";

/** Adds the calls of a message by their id: a result is an item of its call's kind, and later turns may use an id again. */
export function noteCalls({ role, content }: Message, calls: Map<string, ToolCallPart>): void {
  if (role !== "assistant" || typeof content === "string") return;
  for (const part of content) if (part.type === "tool-call") calls.set(part.id, part);
}

/** A call as an item of its type. */
export function encodeToolCall(part: ToolCallPart, target: Target): ResponseInputItem {
  const call_id = wireToolId(part.id, target.quirks.toolIds);
  const args = objectIn(part.arguments) ?? {};
  switch (part.kind) {
    case "custom":
      return { type: "custom_tool_call", call_id, name: part.name, input: textIn(args["input"]) ?? "" };
    case "apply_patch":
      return {
        type: "apply_patch_call",
        call_id,
        status: "completed",
        operation: args as unknown as ResponseInputItem.ApplyPatchCall["operation"],
      };
    case "shell":
      return isLocalShell(part)
        ? localShellCall(part, call_id, target)
        : { type: "shell_call", call_id, action: args as unknown as ResponseInputItem.ShellCall["action"] };
    default:
      return { type: "function_call", call_id, name: part.name, arguments: JSON.stringify(part.arguments ?? {}) };
  }
}

/** This item needs its own id; an id from another provider is replaced. */
function localShellCall(part: ToolCallPart, call_id: string, target: Target): ResponseInputItem.LocalShellCall {
  const own = part.owner === target.provider ? readItemId(part.signature) : undefined;
  const action = part.arguments as ResponseInputItem.LocalShellCall.Action;
  return { type: "local_shell_call", id: own ?? `lsh_${call_id}`, call_id, action, status: "completed" };
}

function isLocalShell({ kind, name }: ToolCallPart): boolean {
  return kind === "shell" && name === "local_shell";
}

/** A result as an item of its call's type. `output` is the output for a function call. */
export function encodeToolResult(
  part: ToolResultPart,
  call: ToolCallPart | undefined,
  output: string | ResponseFunctionCallOutputItem[],
  target: Target,
): ResponseInputItem {
  const call_id = wireToolId(part.id, target.quirks.toolIds);
  switch (call?.kind) {
    case "custom":
      return {
        type: "custom_tool_call_output",
        call_id,
        output: output as ResponseInputItem.FunctionCallOutput["output"] & ResponseCustomToolCallOutput["output"],
      };
    case "apply_patch":
      return {
        type: "apply_patch_call_output",
        call_id,
        status: part.error === true ? "failed" : "completed",
        output: resultText(part),
      };
    case "shell":
      return isLocalShell(call) ? localShellOutput(part, call_id) : shellOutput(part, call, call_id);
    default:
      return { type: "function_call_output", call_id, output };
  }
}

/** Whether the result of a call is text only: images have no place in it. */
export function takesTextOnly(call: ToolCallPart | undefined): boolean {
  return call?.kind === "apply_patch" || call?.kind === "shell";
}

/** The field is `id` in the API reference and `call_id` in the guide: both are the id of the call. */
function localShellOutput(part: ToolResultPart, call_id: string): ResponseInputItem {
  const text = resultText(part);
  // It has no field for failure.
  const output = part.error === true ? failedResult(text) : text;
  const item = { type: "local_shell_call_output", id: call_id, call_id, output } as const;
  return item;
}

/** The output limit that the model set is sent back. */
function shellOutput(part: ToolResultPart, call: ToolCallPart, call_id: string): ResponseInputItem.ShellCallOutput {
  const limit = numberIn(objectIn(call.arguments)?.["max_output_length"]);
  return {
    type: "shell_call_output",
    call_id,
    output: shellContent(part),
    ...(limit !== undefined && { max_output_length: limit }),
  };
}

/** Text that is an array of outputs in the API's format is used unchanged; any other text is the output of the command. */
function shellContent(part: ToolResultPart): ResponseFunctionShellCallOutputContent[] {
  const text = resultText(part);
  const given = outputsIn(text);
  if (given !== undefined) return given;
  return [{ stdout: text, stderr: "", outcome: { type: "exit", exit_code: part.error === true ? 1 : 0 } }];
}

function outputsIn(text: string): ResponseFunctionShellCallOutputContent[] | undefined {
  if (!text.trimStart().startsWith("[")) return undefined;
  try {
    const list = listIn(JSON.parse(text));
    const fits = objectsIn(list).filter((item) => "stdout" in item && objectIn(item["outcome"]) !== undefined);
    const all = fits.length > 0 && fits.length === list.length;
    return all ? (list as ResponseFunctionShellCallOutputContent[]) : undefined;
  } catch {
    return undefined;
  }
}
