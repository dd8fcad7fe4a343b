import { isDeepStrictEqual } from "node:util";
import type { FlowEvent, Reply } from "../../index.ts";
import { broken, type ExpectedReply, shown } from "./contract.ts";

/** The order of the events that a dialect yields for a complete answer. */
export function checkEvents(events: readonly FlowEvent[], reply: Reply): void {
  const finishes = events.filter(({ type }) => type === "finish").length;
  if (finishes !== 1)
    throw broken(`the dialect yielded ${finishes} "finish" events; it must yield one for each sample`);
  const last = events.at(-1);
  if (last?.type !== "finish")
    throw broken(`the dialect yielded "${last?.type}" after "finish"; "finish" must be the last event`);
  for (const call of reply.toolCalls.keys()) checkToolEvents(events, reply, call);
}

/** Every call starts, its parts join to its JSON, and it ends. */
function checkToolEvents(events: readonly FlowEvent[], reply: Reply, index: number): void {
  const call = reply.toolCalls[index];
  if (call === undefined) return;
  const own = events.filter(
    (event) => event.type.startsWith("tool-call-") && "index" in event && event.index === index,
  );
  const [first, last] = [own[0], own.at(-1)];
  const at = `tool call ${index} (${call.name})`;
  if (first?.type !== "tool-call-start" || first.id !== call.id || first.name !== call.name)
    throw broken(`${at} began with ${shown(first)}; it must begin with "tool-call-start", its id and its name`);
  if (last?.type !== "tool-call-end")
    throw broken(`${at} ended with ${shown(last)}; it must end with one "tool-call-end"`);
  const json = own.map((event) => (event.type === "tool-call-delta" ? event.json : "")).join("");
  if (json !== call.json) throw broken(`the deltas of ${at} join to ${shown(json)}; \`json\` is ${shown(call.json)}`);
  if (!isDeepStrictEqual(parsed(call.json), call.arguments))
    throw broken(`\`arguments\` of ${at} are ${shown(call.arguments)}; they must be the parsed \`json\` ${call.json}`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export function checkReply(reply: Reply, expected: ExpectedReply): void {
  const { usage = {}, toolCalls, ...fields } = expected;
  for (const [name, value] of Object.entries(fields)) compare(name, reply[name as keyof Reply], value);
  for (const [name, value] of Object.entries(usage))
    compare(`usage.${name}`, reply.usage[name as keyof Reply["usage"]], value);
  if (toolCalls === undefined) return;
  compare("toolCalls", reply.toolCalls.map(nameAndArguments), toolCalls.map(nameAndArguments));
  if (new Set(reply.toolCalls.map(({ id }) => id)).size !== reply.toolCalls.length)
    throw broken("two tool calls have the same id; each must have its own");
}

function nameAndArguments({ name, arguments: args }: { readonly name: string; readonly arguments: unknown }): object {
  return { name, arguments: args };
}

function compare(name: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected))
    throw broken(`the reply has ${shown(actual)} as \`${name}\`; it must be ${shown(expected)}`);
}

/** The part of a reply that must not depend on how it is delivered. */
export function contentOf(reply: Reply): Readonly<Record<string, unknown>> {
  const { text, reasoning, refusal, finishReason, rawFinishReason } = reply;
  const toolCalls = reply.toolCalls.map(nameAndArguments);
  return { text, reasoning, refusal, toolCalls, finishReason, rawFinishReason, usage: reply.usage };
}

export function checkSame(actual: Reply, expected: Reply, how: string): void {
  const [one, other] = [contentOf(actual), contentOf(expected)];
  for (const name of Object.keys(one))
    if (!isDeepStrictEqual(one[name], other[name]))
      throw broken(`${how}: \`${name}\` is ${shown(one[name])}; the stream gave ${shown(other[name])}`);
}
