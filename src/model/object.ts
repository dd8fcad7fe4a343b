import { dropAddedNulls } from "../core/added-nulls.ts";
import { isDeep } from "../core/bounded-depth.ts";
import { addCost } from "../core/cost.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { ModelEvent } from "../core/event.ts";
import { GrowingJson } from "../core/growing-json.ts";
import type { Input } from "../core/input.ts";
import { readCallInput } from "../core/input.ts";
import type { Message } from "../core/message.ts";
import type { Reply } from "../core/reply.ts";
import type { ResponseFormat } from "../core/request.ts";
import type { InferOutput, StandardSchema } from "../core/standard-schema.ts";
import type { JsonSchema } from "../core/tool.ts";
import { addUsage } from "../core/usage.ts";
import { jsonMistake } from "./json-mistake.ts";
import type { CallOptions } from "./options.ts";
import { jsonSchemaOf } from "./schema-json.ts";
import { type ModelStream, viewOf } from "./stream.ts";

export interface ObjectReply<T> {
  readonly object: T;
  /** The reply that the object was parsed from; usage, cost and attempts include re-asks. */
  readonly reply: Reply;
}

/** The root of a wire schema must be an object, so other schemas are wrapped in one with this key. */
const WRAP_KEY = "value";

interface Wanted<Schema extends StandardSchema> {
  readonly schema: Schema;
  readonly root: JsonSchema;
  readonly wrapped: boolean;
  readonly format: ResponseFormat;
}

function wantedOf<Schema extends StandardSchema>(schema: Schema): Wanted<Schema> {
  const json = jsonSchemaOf(schema, "object()");
  const wrapped = json["type"] !== "object";
  const root = wrapped ? wrapperOf(json) : json;
  return { schema, root, wrapped, format: { type: "json_schema", name: formatName(json["title"]), schema: root } };
}

/** The name of a schema for the wire, from its title. */
export function formatName(title: unknown): string {
  return typeof title === "string" ? title.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) : "object";
}

/** References point to the root, so definitions stay there, and a referenced root becomes a definition. */
function wrapperOf(json: JsonSchema): JsonSchema {
  const { $defs, ...value } = json;
  const wrapper = (inner: JsonSchema, definitions: unknown): JsonSchema => ({
    type: "object",
    properties: { [WRAP_KEY]: inner },
    required: [WRAP_KEY],
    additionalProperties: false,
    ...(definitions !== undefined && { $defs: definitions }),
  });
  if (!JSON.stringify(json).includes(ROOT_REFERENCE)) return wrapper(value, $defs);
  const reference = `#/$defs/${ROOT_NAME}`;
  const pointed = JSON.parse(JSON.stringify({ ...($defs as object | undefined), [ROOT_NAME]: value }), (key, inner) =>
    key === "$ref" && inner === "#" ? reference : inner,
  );
  return wrapper({ $ref: reference }, pointed);
}
const ROOT_REFERENCE = '"$ref":"#"';
const ROOT_NAME = "__root";

/** `followsUp`: see `ModelRequest`. */
export type Ask = (input: Input, options: CallOptions, followsUp: boolean) => Promise<Reply>;

/** Requests an object; if the answer does not satisfy the schema, re-asks with the problems. */
export async function askObject<Schema extends StandardSchema>(
  ask: Ask,
  schema: Schema,
  input: Input,
  options: CallOptions | undefined,
  defaultRepair: number,
): Promise<ObjectReply<InferOutput<Schema>>> {
  const wanted = wantedOf(schema);
  const repairs = options?.repair ?? defaultRepair;
  let messages = readCallInput(input);
  let before: Reply | undefined;
  for (let asked = 0; ; asked++) {
    const answer = await ask(messages, { ...options, responseFormat: wanted.format }, asked > 0).catch(
      (error: unknown) => {
        throw withEarlier(error, before);
      },
    );
    const reply = before === undefined ? answer : sumOf(before, answer);
    const read = await readObject(wanted, answer);
    if (read.ok) return { object: read.value, reply };
    if (asked >= repairs || answer.finishReason === "refusal" || read.isOther) throw unreadable(read, reply, asked);
    messages = [...messages, ...reask(answer, read.problem)];
    before = reply;
  }
}

/** `problem` is for the model and may quote its answer; `words` is for errors and logs and does not. */
interface Misread {
  readonly ok: false;
  readonly problem: string;
  readonly words?: string;
  readonly cause?: unknown;
  /** Whether the answer is something else than an object, such as a refusal. */
  readonly isOther?: boolean;
}

type Read<T> = { readonly ok: true; readonly value: T } | Misread;

async function readObject<Schema extends StandardSchema>(
  { schema, root, wrapped }: Wanted<Schema>,
  reply: Reply,
): Promise<Read<InferOutput<Schema>>> {
  if (reply.finishReason === "refusal") return { ok: false, problem: reply.refusal ?? "the model declined" };
  const json = jsonText(reply.text);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    if (reply.toolCalls.length > 0) return calledTools(reply);
    const cut = reply.finishReason === "length" ? " (cut off by the token limit: raise max_new_tokens)" : "";
    const words = `not JSON: ${jsonMistake(reply.text, json)}${cut}`;
    return { ok: false, problem: `not JSON: ${(error as Error).message}${cut}`, words };
  }
  const plain = dropAddedNulls(parsed, root);
  const value = wrapped ? (plain as Record<string, unknown>)?.[WRAP_KEY] : plain;
  const result = await validated(schema, value);
  if ("ok" in result) return result;
  if (result.issues === undefined) return { ok: true, value: result.value as InferOutput<Schema> };
  const { issues } = result;
  const told = (words: (message: string) => string) =>
    issues.map(({ message, path }) => `${pathText(path)}${words(message)}`).join("; ");
  return {
    ok: false,
    problem: told((message) => message),
    words: told((message) => (isDeep(value) || repeats(message, value) ? "is not valid" : message)),
  };
}

/** A transform or refinement of the caller may throw; the error keeps the answer, with the exception as its cause. */
async function validated(schema: StandardSchema, value: unknown) {
  try {
    return await schema["~standard"].validate(value);
  } catch (cause) {
    const what = "a transform or refinement of the schema threw an error";
    return { ok: false, problem: `${what}: ${String(cause)}`, words: `${what}, see cause`, cause } as const;
  }
}

/** A tool call needs a result before the next message, so there is no re-ask. */
function calledTools({ toolCalls }: Reply): Misread {
  const names = [...new Set(toolCalls.map(({ name }) => `"${name}"`))].join(", ");
  const what = `the model called ${names} instead of answering`;
  const advice = 'run error.partial.toolCalls and send their results, or pass toolChoice: "none"';
  return { ok: false, problem: what, words: `${what}; ${advice}`, isOther: true };
}

/** Whether a validation message quotes a value or a field name of the answer. */
export function repeats(message: string, value: unknown): boolean {
  if (typeof value === "string") return value.trim().length >= MIN_QUOTE_LENGTH && message.includes(value.trim());
  if (typeof value === "number") return String(value).length >= MIN_QUOTE_LENGTH && message.includes(String(value));
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([name, inner]) => (!Array.isArray(value) && repeats(message, name)) || repeats(message, inner),
  );
}

const MIN_QUOTE_LENGTH = 3;

function pathText(path: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined): string {
  if (path === undefined || path.length === 0) return "";
  return `${path.map((step) => String(typeof step === "object" ? step.key : step)).join(".")}: `;
}

/** Models without a JSON mode often put the answer in a code fence, with some text around it. */
export function jsonText(text: string): string {
  const trimmed = text.trim();
  if (/^[[{"]/.test(trimmed)) return trimmed;
  const fence = trimmed.indexOf("```");
  const start = trimmed.indexOf("\n", fence);
  const end = trimmed.lastIndexOf("```");
  return fence >= 0 && start > 0 && end > start ? trimmed.slice(start + 1, end) : trimmed;
}

function reask(answer: Reply, problem: string): readonly Message[] {
  return [
    ...(answer.text === "" ? [] : [answer.message]),
    {
      role: "user",
      content: `Your answer does not satisfy the required schema: ${problem}. Answer again with only the corrected JSON.`,
    },
  ];
}

function unreadable(
  { problem, words = problem, cause, isOther = false }: Misread,
  reply: Reply,
  asked: number,
): ModelError {
  const refused = reply.finishReason === "refusal";
  const again = asked > 0 ? ` after ${asked} re-ask${asked > 1 ? "s" : ""}` : "";
  const what = refused ? "the model declined: " : isOther ? "" : `the answer does not satisfy the schema${again}: `;
  const error = new ModelError({
    code: refused ? "refused" : "invalid_output",
    message: `${reply.model}: ${what}${words}`,
    provider: reply.provider,
    model: reply.model,
    requestId: reply.requestId,
    // The re-asks were the retries.
    shouldRetry: false,
    cause,
    partial: { text: reply.text, reasoning: reply.reasoning ?? "", toolCalls: reply.toolCalls, usage: reply.usage },
  });
  error.attempts = reply.attempts;
  return error;
}

function sumOf(before: Reply, answer: Reply): Reply {
  return {
    ...answer,
    usage: addUsage(before.usage, answer.usage),
    cost: addCost(before.cost, answer.cost),
    attempts: [...before.attempts, ...answer.attempts],
    latencyMs: before.latencyMs + answer.latencyMs,
  };
}

function withEarlier(error: unknown, before: Reply | undefined): unknown {
  if (isModelError(error) && before !== undefined) error.attempts = [...before.attempts, ...error.attempts];
  return error;
}

/** Growing partial objects, each at least as complete as the one before, and the final `object` and `reply`. */
export interface ObjectStream<T> extends AsyncIterable<DeepPartial<T>> {
  readonly object: Promise<T>;
  readonly reply: Promise<Reply>;
}

export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? DeepPartial<Item>[]
  : T extends object
    ? { [key in keyof T]?: DeepPartial<T[key]> }
    : T;

/** `checked` is called with the complete answer before `object` settles. */
export function streamObject<Schema extends StandardSchema>(
  model: { stream(input: Input, options?: CallOptions): ModelStream },
  schema: Schema,
  input: Input,
  options?: CallOptions,
  checked?: (reply: Reply, isValid: boolean) => void,
): ObjectStream<InferOutput<Schema>> {
  if (options?.repair) {
    throw new ModelError({
      code: "invalid_request",
      message:
        "a stream cannot be repaired, because its partial objects were already delivered; omit `repair`, or use object()",
    });
  }
  const wanted = wantedOf(schema);
  const stream = model.stream(input, { ...options, responseFormat: wanted.format });
  let object: Promise<InferOutput<Schema>> | undefined;
  const whole = () => {
    object ??= stream.reply.then(async (reply) => {
      const read = await readObject(wanted, reply);
      checked?.(reply, read.ok);
      if (!read.ok) throw unreadable(read, reply, 0);
      return read.value;
    });
    object.catch(() => {});
    return object;
  };
  return {
    [Symbol.asyncIterator]: () => checkedAtEnd(growing<InferOutput<Schema>>(stream, wanted.wrapped), whole),
    get reply() {
      return stream.reply;
    },
    get object() {
      return whole();
    },
  };
}

/** If the object is invalid, the last iteration throws, for callers that only iterate. */
function checkedAtEnd<T>(partials: AsyncIterable<T>, whole: () => Promise<unknown>): AsyncIterator<T> {
  const iterator = partials[Symbol.asyncIterator]();
  let left = false;
  return {
    async next() {
      const step = await iterator.next();
      if (step.done && !left) await whole();
      return step;
    },
    async return() {
      left = true;
      await iterator.return?.();
      return { value: undefined, done: true };
    },
  };
}

/**
 * A partial copies the open objects and arrays. Short texts emit one at every delta, longer ones when they have grown by
 * 1/100, so that the cost stays linear.
 */
const SHOWN_EVERY = 100;

function growing<T>(stream: AsyncIterable<ModelEvent>, wrapped: boolean): AsyncIterable<DeepPartial<T>> {
  let json = new GrowingJson();
  let length = 0;
  let shown = 0;
  return viewOf(stream, (event) => {
    if (event.type === "reset") {
      json = new GrowingJson();
      length = 0;
      shown = 0;
    }
    if (event.type === "text-delta" && event.sample === 0) {
      json.push(event.text);
      length += event.text.length;
    } else if (event.type !== "finish" || event.sample !== 0) return undefined;
    if (length === shown || (event.type !== "finish" && length < shown + shown / SHOWN_EVERY)) return undefined;
    shown = length;
    const partial = json.value();
    return (wrapped ? (partial as Record<string, unknown> | undefined)?.[WRAP_KEY] : partial) as
      | DeepPartial<T>
      | undefined;
  });
}
