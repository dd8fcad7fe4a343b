import type { ProblemKind } from "../../../core/problem-kind.ts";
import type { Json } from "../../served/json.ts";
import { messageOf, type Problem } from "../../served/problem.ts";

interface Row {
  readonly status: number;
  readonly name: string;
  readonly message: string;
  readonly details?: readonly Json[];
}

const RPC = "type.googleapis.com/google.rpc";
const INVALID_KEY = {
  "@type": `${RPC}.ErrorInfo`,
  reason: "API_KEY_INVALID",
  domain: "googleapis.com",
  metadata: { service: "generativelanguage.googleapis.com" },
};

function quota(quotaId: string): Json {
  return {
    "@type": `${RPC}.QuotaFailure`,
    violations: [{ quotaMetric: "generativelanguage.googleapis.com/generate_content_requests", quotaId }],
  };
}

function contextMessage({ tokens, maximum }: NonNullable<Problem["context"]>): string {
  return `The input token count (${tokens}) exceeds the maximum number of tokens allowed (${maximum}).`;
}

/** https://ai.google.dev/gemini-api/docs/troubleshooting */
const ROWS: Readonly<Record<ProblemKind, Row>> = {
  "rate-limit": {
    status: 429,
    name: "RESOURCE_EXHAUSTED",
    message: "You exceeded your current quota, please check your plan and billing details.",
    details: [quota("GenerateRequestsPerMinutePerProjectPerModel")],
  },
  quota: {
    status: 429,
    name: "RESOURCE_EXHAUSTED",
    message: "You exceeded your current quota, please check your plan and billing details.",
    details: [quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")],
  },
  overloaded: { status: 503, name: "UNAVAILABLE", message: "The model is overloaded. Please try again later." },
  server: { status: 500, name: "INTERNAL", message: "An internal error has occurred. Please retry." },
  timeout: { status: 504, name: "DEADLINE_EXCEEDED", message: "Deadline expired before operation could complete." },
  auth: {
    status: 401,
    name: "UNAUTHENTICATED",
    message: "API key not valid. Please pass a valid API key.",
    details: [INVALID_KEY],
  },
  forbidden: { status: 403, name: "PERMISSION_DENIED", message: "The caller does not have permission" },
  "not-found": {
    status: 404,
    name: "NOT_FOUND",
    message: "The model is not found for API version v1beta, or is not supported for generateContent.",
  },
  context: {
    status: 400,
    name: "INVALID_ARGUMENT",
    message: contextMessage({ tokens: 1_048_577, maximum: 1_048_576 }),
  },
  "too-large": { status: 413, name: "INVALID_ARGUMENT", message: "Request payload size exceeds the limit" },
  filter: { status: 400, name: "INVALID_ARGUMENT", message: "The prompt was blocked by the content policy." },
  refusal: { status: 400, name: "INVALID_ARGUMENT", message: "The request was refused." },
  invalid: { status: 400, name: "INVALID_ARGUMENT", message: "Request contains an invalid argument." },
};

const NAMES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

export function googleProblem(problem: Problem): { readonly status: number; readonly body: Json } {
  const row = ROWS[problem.kind];
  const code = problem.status ?? row.status;
  const name = problem.status === undefined ? row.name : (NAMES[code] ?? row.name);
  const specific = specificMessage(problem);
  const retry =
    problem.retryAfter === undefined ? [] : [{ "@type": `${RPC}.RetryInfo`, retryDelay: `${problem.retryAfter}s` }];
  const details = [...(row.details ?? []), ...retry];
  const error = {
    code,
    message: messageOf(problem, specific ?? row.message),
    status: name,
    ...(details.length > 0 && { details }),
  };
  return { status: code, body: { error } };
}

function specificMessage({ kind, model, context }: Problem): string | undefined {
  if (kind === "not-found" && model !== undefined) return `models/${model} is not found for API version v1beta`;
  return kind === "context" && context !== undefined ? contextMessage(context) : undefined;
}
