import * as z from "zod";
import type { MockAnswer } from "../core/mock-answer.ts";
import { PROBLEM_KINDS } from "../core/problem-kind.ts";
import { durationMs } from "./duration.ts";
import { count, duration, freeTable, oneOf, table, text } from "./schema-values.ts";
import type { Table } from "./table.ts";

const step = table({
  text: z.string(),
  reasoning: text(),
  tool_calls: z.array(z.strictObject({ name: text(), arguments: freeTable().optional() })).min(1),
  error: z.enum(PROBLEM_KINDS),
  status: z.int().min(200).max(599),
  retry_after: duration("What an error asks to wait."),
  delay: duration("Time before the answer."),
  break_after: count().meta({ description: "Breaks the connection after this many events of a stream." }),
}).refine(
  ({ error, status = 200, text, reasoning, tool_calls }) =>
    (error === undefined && Number(status) < 300) || (text ?? reasoning ?? tool_calls) === undefined,
  {
    error: "must be an answer or an error, not both",
  },
);

/** The answer to every call, or one answer after another; false switches an inherited one off. */
export const mockResponse = oneOf("a string, an array of strings and tables, or false", [
  z.literal(false),
  text(),
  z.array(oneOf('a string or a table such as { error = "rate-limit" }', [text(), step])).min(1),
]);

interface WrittenStep extends Pick<MockAnswer, "text" | "reasoning" | "error" | "status"> {
  readonly tool_calls?: readonly { readonly name: string; readonly arguments?: Table }[];
  readonly retry_after?: number | string;
  readonly delay?: number | string;
  readonly break_after?: number;
}

export function mockAnswersOf(
  written: false | string | readonly (string | WrittenStep)[],
): readonly MockAnswer[] | undefined {
  if (written === false) return undefined;
  return (typeof written === "string" ? [written] : written).map(answerOf);
}

function answerOf(written: string | WrittenStep): MockAnswer {
  if (typeof written === "string") return { text: written };
  const { tool_calls: calls, retry_after: retryAfter, break_after: breakAfter, delay, ...rest } = written;
  return {
    ...rest,
    ...(calls !== undefined && { toolCalls: calls.map((call) => ({ arguments: {}, ...call })) }),
    ...(breakAfter !== undefined && { breakAfter }),
    ...(retryAfter !== undefined && { retryAfter: durationMs(retryAfter) }),
    ...(delay !== undefined && { delay: durationMs(delay) }),
  };
}
