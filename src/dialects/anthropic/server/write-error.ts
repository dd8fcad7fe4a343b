import type { ProblemKind } from "../../../core/problem-kind.ts";
import type { Json } from "../../served/json.ts";
import { messageOf, type Problem } from "../../served/problem.ts";

interface Row {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

function contextMessage({ tokens, maximum }: NonNullable<Problem["context"]>): string {
  return `prompt is too long: ${tokens} tokens > ${maximum} maximum`;
}

/** https://docs.claude.com/en/api/errors */
const ROWS: Readonly<Record<ProblemKind, Row>> = {
  "rate-limit": {
    status: 429,
    type: "rate_limit_error",
    message: "This request would exceed the rate limit for your organization.",
  },
  quota: {
    status: 402,
    type: "billing_error",
    message:
      "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
  },
  overloaded: { status: 529, type: "overloaded_error", message: "Overloaded" },
  server: { status: 500, type: "api_error", message: "Internal server error" },
  timeout: { status: 504, type: "timeout_error", message: "Request timed out" },
  auth: { status: 401, type: "authentication_error", message: "invalid x-api-key" },
  forbidden: {
    status: 403,
    type: "permission_error",
    message: "Your API key does not have permission to use the specified resource.",
  },
  "not-found": { status: 404, type: "not_found_error", message: "Not found" },
  context: {
    status: 400,
    type: "invalid_request_error",
    message: contextMessage({ tokens: 200_001, maximum: 200_000 }),
  },
  "too-large": { status: 413, type: "request_too_large", message: "Request exceeds the maximum size" },
  filter: { status: 400, type: "invalid_request_error", message: "Output blocked by content filtering policy" },
  refusal: { status: 400, type: "invalid_request_error", message: "This request was refused." },
  invalid: { status: 400, type: "invalid_request_error", message: "The request is invalid." },
};

export function anthropicProblem(
  problem: Problem,
  requestId: string,
): { readonly status: number; readonly body: Json } {
  const row = ROWS[problem.kind];
  const { details } = problem;
  const error = {
    type: row.type,
    message: messageOf(problem, specificMessage(problem) ?? row.message),
    ...(details && { details }),
  };
  return { status: problem.status ?? row.status, body: { type: "error", error, request_id: requestId } };
}

function specificMessage({ kind, model, context }: Problem): string | undefined {
  if (kind === "not-found" && model !== undefined) return `model: ${model}`;
  return kind === "context" && context !== undefined ? contextMessage(context) : undefined;
}
