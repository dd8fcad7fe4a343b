import { isModelError, ModelError } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import type { ProblemKind } from "../core/problem-kind.ts";
import { type Problem, Rejection } from "../dialects/served/problem.ts";
import type { CallFacts } from "./access-log.ts";

/** How a failed call is reported to the client. */
interface Row {
  readonly kind: ProblemKind;
  /** Default: the status of the wire format for this kind. */
  readonly status?: number;
  /** Whether the same request may succeed later. */
  readonly repeat: boolean;
}

const ROWS: Readonly<Record<ModelErrorCode, Row>> = {
  rate_limited: { kind: "rate-limit", repeat: true },
  quota_exhausted: { kind: "quota", repeat: false },
  overloaded: { kind: "overloaded", repeat: true },
  server_error: { kind: "server", repeat: true },
  connection_failed: { kind: "server", status: 502, repeat: true },
  timed_out: { kind: "timeout", repeat: true },
  stream_truncated: { kind: "server", status: 502, repeat: true },
  protocol_error: { kind: "server", status: 502, repeat: true },
  degenerate_output: { kind: "server", status: 502, repeat: false },
  unauthorized: { kind: "auth", repeat: false },
  forbidden: { kind: "forbidden", repeat: false },
  not_found: { kind: "not-found", repeat: false },
  invalid_request: { kind: "invalid", repeat: false },
  unsupported: { kind: "invalid", repeat: false },
  context_too_long: { kind: "context", repeat: false },
  request_too_large: { kind: "too-large", repeat: false },
  content_filtered: { kind: "filter", repeat: false },
  refused: { kind: "refusal", repeat: false },
  invalid_output: { kind: "server", status: 502, repeat: true },
  invalid_tool_call: { kind: "server", status: 502, repeat: true },
  empty_response: { kind: "server", status: 502, repeat: true },
  budget_exceeded: { kind: "quota", repeat: false },
  limit_exceeded: { kind: "rate-limit", repeat: true },
  state_unavailable: { kind: "overloaded", status: 503, repeat: true },
  rejected: { kind: "forbidden", repeat: false },
  circuit_open: { kind: "overloaded", status: 503, repeat: true },
  bulkhead_full: { kind: "overloaded", status: 503, repeat: true },
  redirect_blocked: { kind: "server", status: 502, repeat: false },
  proxy_refused: { kind: "server", status: 502, repeat: false },
  aborted: { kind: "overloaded", status: 503, repeat: true },
  all_models_failed: { kind: "server", status: 502, repeat: true },
};

/** A problem, and whether the same request may succeed later. */
export interface Failure {
  readonly problem: Problem;
  readonly repeat: boolean;
  /** For the access log. */
  readonly facts: CallFacts;
}

export function clientLeft(): ModelError {
  return new ModelError({ code: "aborted", message: "The client closed the connection." });
}

/** Estimates the prompt that was too long. */
export type PromptSize = () => Problem["context"];

/** Of what the gateway itself refuses. */
const REPEATABLE: ReadonlySet<ProblemKind> = new Set(["overloaded", "rate-limit", "timeout"]);

/** An error as the client sees it. Any error but a ModelError is a bug; its message goes to the access log only. */
export function failureOf(error: unknown, size: PromptSize = () => undefined): Failure {
  if (error instanceof Rejection)
    return { problem: error.problem, repeat: REPEATABLE.has(error.problem.kind), facts: {} };
  if (!isModelError(error)) return defect(error);
  const { kind, status, repeat } = ROWS[error.code];
  const wait = error.retryAfterMs === undefined ? undefined : Math.ceil(error.retryAfterMs / 1000);
  const code = kind === "server" || kind === "timeout" || kind === "overloaded" ? error.code : undefined;
  const problem = {
    kind,
    status,
    code,
    retryAfter: wait,
    ...(kind === "context" ? overflow(error, size) : words(error)),
  };
  return { problem, repeat: repeat && error.shouldRetry !== false, facts: { code: error.code } };
}

function defect(error: unknown): Failure {
  const problem = { kind: "server", message: "The gateway failed." } as const;
  return { problem, repeat: true, facts: { defect: String(error) } };
}

function words({ message }: ModelError): Pick<Problem, "message"> {
  return { message };
}

/** Clients read both numbers to shorten the conversation. */
function overflow({ message }: ModelError, size: PromptSize): Pick<Problem, "message" | "context"> {
  const context = numbersIn(message) ?? size();
  return context === undefined ? { message: `prompt is too long: ${message}` } : { context };
}

/** Numbers of at least three digits that are not part of a name. */
const NUMBER = /(?<![\w.-])\d{1,3}(?:[,_]\d{3})+(?![\w-])|(?<![\w.-])\d{3,}(?![\w-])/g;

/** The tokens of the prompt and the limit in a provider's message: its two largest numbers. */
function numbersIn(message: string): Problem["context"] {
  const found = (message.match(NUMBER) ?? []).map((text) => Number(text.replaceAll(/[,_]/g, "")));
  const [tokens, maximum] = [...new Set(found)].sort((left, right) => right - left);
  return tokens === undefined || maximum === undefined ? undefined : { tokens, maximum };
}

/** Headers of an error response. */
export function failureHeaders({ problem, repeat }: Failure): Readonly<Record<string, string>> {
  return {
    ...(!repeat && { "x-should-retry": "false" }),
    ...(problem.retryAfter !== undefined && { "retry-after": String(problem.retryAfter) }),
    // The rest of the body is not waited for.
    ...(problem.status === 408 && { connection: "close" }),
  };
}
