import type { Tree } from "../harness/recording-files.ts";
import { SMALL_BODY, SMALL_STREAM } from "../harness/small-answers.ts";
import type { Wire } from "../harness/wires.ts";

/** USD per million tokens: a rate of 3 is 3,000 nano-dollars for each token. */
export interface Prices {
  readonly input: number;
  readonly output: number;
  readonly cache_read?: number;
  readonly cache_write?: number;
  readonly cache_write_5m?: number;
  readonly cache_write_1h?: number;
}

/** Nano-dollars for input, cache reads, cache writes and output. */
type Nano = readonly [input: bigint, cacheRead: bigint, cacheWrite: bigint, output: bigint];

/** One answer of a provider and its bill, which a person computed. */
export interface Bill {
  readonly title: string;
  readonly wire: Wire;
  /** A host with its own row in the catalog. */
  readonly provider?: string;
  readonly prices?: Prices;
  /** A model id whose catalog price applies, because `pricing` has no tiers; see PINNED. */
  readonly priceAs?: string;
  /** Further lines of the entry. */
  readonly lines?: string;
  /** `usage` or `usageMetadata` as the provider sends it; absent: none is sent. */
  readonly usage?: unknown;
  /** Usage that a stream reports before the last one. */
  readonly earlier?: readonly unknown[];
  /** Further fields of the answer. */
  readonly answer?: Tree;
  /** Null if the price table has no rate for something that was used. */
  readonly nano: Nano | null;
  /** Nano-dollars that a budget keeps if the cost is unknown. */
  readonly reserved?: bigint;
  /** All tokens of the answer. */
  readonly tokens: bigint;
  /** Whether the counts, and so the cost, are estimates, or only the cost. */
  readonly estimated?: "usage" | "cost";
  /** Fields that only the last usage of a stream of messages has. */
  readonly atEnd?: Tree;
}

/** The field of an answer that has the usage. */
const FIELD: Readonly<Record<Wire, string>> = {
  openai: "usage",
  "openai-responses": "usage",
  anthropic: "usage",
  google: "usageMetadata",
};

/** The complete answer. */
export function bodyOf({ wire, usage, answer }: Bill): Tree {
  return withUsage(wire, { ...SMALL_BODY[wire], ...answer }, usage);
}

/** The same answer as events, with all reports of its usage. */
export function eventsOf(bill: Bill): readonly unknown[] {
  const { open } = SMALL_STREAM[bill.wire];
  switch (bill.wire) {
    case "openai":
      return [...open.map((chunk) => withUsage("openai", chunk, undefined)), ...chatEnd(bill)];
    case "openai-responses":
      return [...responsesOpen(bill), { type: "response.completed", sequence_number: 9, response: bodyOf(bill) }];
    case "anthropic":
      return messageEvents(bill);
    case "google":
      return [...googleOpen(bill), bodyOf(bill)];
  }
}

function withUsage(wire: Wire, answer: Tree, usage: unknown): Tree {
  const { [FIELD[wire]]: _, ...rest } = answer;
  return usage === undefined ? rest : { ...rest, [FIELD[wire]]: usage };
}

function chatEnd({ usage, earlier = [], answer }: Bill): readonly unknown[] {
  const { message: _, ...finish }: Tree = { finish_reason: "stop", ...choiceIn(answer) };
  const chunk = (choices: readonly unknown[], report: unknown) => ({
    ...{ id: "chatcmpl-small", object: "chat.completion.chunk", model: "small" },
    ...answer,
    choices,
    ...(report !== undefined && { usage: report }),
  });
  const delta = choiceIn(answer)?.["message"] ?? {};
  return [
    ...earlier.map((report) => chunk([], report)),
    chunk([{ index: 0, delta, ...finish }], undefined),
    ...(usage === undefined ? [] : [chunk([], usage)]),
    "[DONE]",
  ];
}

function choiceIn(answer: Tree | undefined): Tree | undefined {
  return (answer?.["choices"] as readonly Tree[] | undefined)?.[0];
}

function responsesOpen({ earlier = [] }: Bill): readonly Tree[] {
  const { open } = SMALL_STREAM["openai-responses"];
  return earlier.length === 0
    ? open
    : open.map((event) =>
        "response" in event ? { ...event, response: { ...(event["response"] as Tree), usage: earlier[0] } } : event,
      );
}

/** The start has all fields and one token of output; the delta has those of the SDK's `MessageDeltaUsage`. */
function messageEvents({ usage, earlier, answer, atEnd }: Bill): readonly unknown[] {
  const { open, end } = SMALL_STREAM.anthropic;
  const start =
    earlier?.[0] ?? (isTree(usage) ? { ...usage, output_tokens: Math.min(1, Number(usage["output_tokens"])) } : usage);
  return [...open, ...end].map((event) => {
    if (event["type"] === "message_start")
      return {
        ...event,
        message: withUsage("anthropic", { ...(event["message"] as Tree), ...answer, content: [] }, start),
      };
    return event["type"] === "message_delta"
      ? withUsage("anthropic", event, isTree(usage) ? { ...deltaOf(usage), ...atEnd } : usage)
      : event;
  });
}

const ONLY_AT_START = ["cache_creation", "inference_geo", "service_tier", "speed"];

function deltaOf(usage: Tree): Tree {
  return Object.fromEntries(Object.entries(usage).filter(([name]) => !ONLY_AT_START.includes(name)));
}

function googleOpen({ earlier = [] }: Bill): readonly Tree[] {
  const { open } = SMALL_STREAM.google;
  return open.map((chunk) => withUsage("google", chunk, earlier[0]));
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}
