import { withoutKeys } from "./secret.ts";

/** How `console.error` finds the text of an error; the same symbol as `inspect.custom`. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

interface Shown {
  readonly code: string;
  readonly message: string;
  readonly model: string | undefined;
  readonly provider: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly errors: readonly Shown[];
  readonly stack?: string;
  readonly cause?: unknown;
}

const LONGEST_CAUSE = 300;

/** An error in a few lines: code and message, the error of each target, the stack once, and the cause. */
export function errorText(error: Shown): string {
  const { code, errors, stack = "", cause } = error;
  const several = errors.length > 1;
  const frames = stack.indexOf("\n    at ");
  const parts = [
    `ModelError [${code}]: ${several ? firstLine(error.message) : error.message}`,
    ...(several ? errors.map((one) => `  ${targetLine(one)}`) : []),
    ...(more(error) === "" ? [] : [`  ${more(error)}`]),
    ...(frames < 0 ? [] : [stack.slice(frames + 1)]),
    ...(cause === undefined ? [] : [`  cause: ${causeLine(cause)}`]),
  ];
  return parts.join("\n");
}

function targetLine(error: Shown): string {
  const { code, message, model = "?", provider } = error;
  const details = more(error);
  return `${model}${provider === undefined ? "" : ` (${provider})`} ${code}: ${firstLine(message)}${details === "" ? "" : ` [${details}]`}`;
}

function more({ requestId, retryAfterMs }: Shown): string {
  const parts = [
    ...(requestId === undefined ? [] : [`request ${requestId}`]),
    ...(retryAfterMs === undefined ? [] : [`retry after ${retryAfterMs / 1_000} s`]),
  ];
  return parts.join(", ");
}

/** A cause may come from other code, which knows nothing of secrets. */
function causeLine(cause: unknown): string {
  const isError = cause instanceof Error;
  const { code } = isError ? (cause as { code?: unknown }) : {};
  const name = isError
    ? `${cause.name}${typeof code === "string" ? ` [${code}]` : ""}: ${cause.message}`
    : wordsOf(cause);
  return firstLine(withoutKeys(name)).slice(0, LONGEST_CAUSE);
}

function wordsOf(cause: unknown): string {
  return typeof cause === "object" || typeof cause === "function" ? typeof cause : String(cause);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
