import { asNumber, asObject, asObjects, asString, type Json } from "../../served/json.ts";
import { refuse } from "../../served/problem.ts";
import { strictSchemaProblem } from "../../served/strict-schema.ts";

interface Range {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

const RANGES: readonly Range[] = [
  { name: "temperature", least: 0, most: 2 },
  { name: "top_p", least: 0, most: 1 },
  { name: "presence_penalty", least: -2, most: 2 },
  { name: "frequency_penalty", least: -2, most: 2 },
  { name: "top_logprobs", least: 0, most: 20 },
];

const COUNTS: readonly string[] = ["max_tokens", "max_completion_tokens", "max_output_tokens", "n"];

/** Rejects numbers outside the documented ranges. */
export function checkNumbers(body: Json): void {
  for (const range of RANGES) checkRange(body, range);
  checkSamples(body.n);
  for (const name of COUNTS) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    if (!Number.isInteger(value))
      refuse(
        `Invalid type for '${name}': expected an integer, but got ${kindOf(value)} instead.`,
        name,
        "invalid_type",
      );
    if (Number(value) < 1) refuse(belowMinimum(name, "integer", 1, value), name, "integer_below_min_value");
  }
}

const MAX_SAMPLES = 128;

function checkSamples(n: unknown): void {
  if (typeof n !== "number" || n <= MAX_SAMPLES) return;
  const message = `Invalid 'n': integer above maximum value. Expected a value <= ${MAX_SAMPLES}, but got ${n} instead.`;
  refuse(message, "n", "integer_above_max_value");
}

function checkRange(body: Json, { name, least, most }: Range): void {
  const value = body[name];
  if (value === undefined || value === null) return;
  const number = asNumber(value);
  if (number === undefined)
    refuse(`Invalid type for '${name}': expected a decimal, but got ${kindOf(value)} instead.`, name, "invalid_type");
  if (number < least) refuse(belowMinimum(name, "decimal", least, value), name, "decimal_below_min_value");
  if (number > most) {
    refuse(
      `Invalid '${name}': decimal above maximum value. Expected a value <= ${most}, but got ${number} instead.`,
      name,
      "decimal_above_max_value",
    );
  }
}

function belowMinimum(name: string, type: string, least: number, value: unknown): string {
  return `Invalid '${name}': ${type} below minimum value. Expected a value >= ${least}, but got ${String(value)} instead.`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return `a${/^[aeiou]/.test(typeof value) ? "n" : ""} ${typeof value}`;
}

export function requireModel(body: Json, fromPath: string | undefined): string {
  const model = asString(body.model) || fromPath;
  if (model === undefined || model === "") refuse("you must provide a model parameter");
  return model;
}

/** Functions with `strict: true` need closed schemas. */
export function checkStrict(
  name: string,
  schema: unknown,
  strict: unknown,
  param: string,
  subject: "function" | "response_format",
): void {
  if (strict !== true) return;
  const problem = strictSchemaProblem(schema);
  if (problem !== undefined)
    refuse(`Invalid schema for ${subject} '${name}': ${problem}`, param, "invalid_function_parameters");
}

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export function checkToolName(name: string | undefined, param: string): string {
  if (name === undefined) refuse(`Missing required parameter: '${param}'.`, param, "missing_required_parameter");
  if (!TOOL_NAME.test(name)) {
    refuse(
      `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      param,
      "invalid_value",
    );
  }
  return name;
}

const ROLES: readonly string[] = ["system", "developer", "user", "assistant", "tool", "function"];

/** Checks roles, and that tool messages follow their tool calls directly. */
export function checkMessages(messages: readonly Json[]): void {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const role = checkRole(message, index);
    if (role === "tool") {
      checkToolMessage(message, index, open);
      continue;
    }
    if (open.size > 0) refuseUnanswered(open, index);
    open = new Set(asObjects(message.tool_calls).map((call) => asString(call.id) ?? ""));
    checkContent(message, role, index);
  }
  if (open.size > 0) refuseUnanswered(open, messages.length);
}

function checkRole(message: Json, index: number): string {
  const role = asString(message.role) ?? "";
  if (ROLES.includes(role)) return role;
  const supported = ROLES.map((one) => `'${one}'`).join(", ");
  refuse(`Invalid value: '${role}'. Supported values are: ${supported}.`, `messages[${index}].role`, "invalid_value");
}

function checkToolMessage(message: Json, index: number, open: Set<string>): void {
  const id = asString(message.tool_call_id) ?? "";
  if (!open.delete(id)) {
    refuse(
      "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
      `messages.[${index}].role`,
    );
  }
}

function refuseUnanswered(open: ReadonlySet<string>, index: number): never {
  refuse(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(", ")}`,
    `messages.[${index}].role`,
  );
}

function checkContent(message: Json, role: string, index: number): void {
  const content = message.content;
  if (typeof content === "string" || Array.isArray(content)) return;
  const carried =
    role === "assistant" &&
    (message.tool_calls !== undefined || message.function_call !== undefined || message.refusal !== undefined);
  if (!carried)
    refuse(
      `Invalid value for 'content': expected a string, got ${content === undefined ? "nothing" : String(content)}.`,
      `messages.[${index}].content`,
    );
}

/** Plain JSON mode requires the word "json" in the conversation. */
export function checkJsonMode(format: Json | undefined, spoken: string, where: string): void {
  if (format?.type !== "json_object" || /json/i.test(spoken)) return;
  refuse(
    `'${where}' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.`,
    where,
  );
}

export function allowedNames(choice: Json | undefined): readonly string[] {
  const named = asString(asObject(choice?.function)?.name) ?? asString(choice?.name);
  if (named !== undefined) return [named];
  const allowed = asObjects(asObject(choice?.allowed_tools)?.tools ?? choice?.tools);
  return allowed.map((tool) => asString(asObject(tool.function)?.name) ?? asString(tool.name) ?? "");
}
