import type { ProblemKind } from "../../../core/problem-kind.ts";
import type { Json } from "../../served/json.ts";
import { messageOf, type Problem } from "../../served/problem.ts";

interface Row {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly message: (model: string, context: NonNullable<Problem["context"]>) => string;
  readonly param?: string;
}

/** https://platform.openai.com/docs/guides/error-codes */
const ROWS: Readonly<Record<ProblemKind, Row>> = {
  "rate-limit": {
    status: 429,
    type: "requests",
    code: "rate_limit_exceeded",
    message: (model) =>
      `Rate limit reached for ${model} on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms.`,
  },
  quota: {
    status: 429,
    type: "insufficient_quota",
    code: "insufficient_quota",
    message: () => "You exceeded your current quota, please check your plan and billing details.",
  },
  overloaded: {
    status: 503,
    type: "server_error",
    code: null,
    message: () => "The engine is currently overloaded, please try again later.",
  },
  server: {
    status: 500,
    type: "server_error",
    code: null,
    message: () => "The server had an error while processing your request. Sorry about that!",
  },
  timeout: { status: 504, type: "server_error", code: null, message: () => "The request took too long." },
  auth: {
    status: 401,
    type: "invalid_request_error",
    code: "invalid_api_key",
    message: () =>
      "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
  },
  forbidden: {
    status: 403,
    type: "request_forbidden",
    code: "unsupported_country_region_territory",
    message: () => "Country, region, or territory not supported",
  },
  "not-found": {
    status: 404,
    type: "invalid_request_error",
    code: "model_not_found",
    message: (model) => `The model \`${model}\` does not exist or you do not have access to it.`,
  },
  context: {
    status: 400,
    type: "invalid_request_error",
    code: "context_length_exceeded",
    message: (_, { tokens, maximum }) =>
      `This model's maximum context length is ${maximum} tokens. However, your messages resulted in ${tokens} tokens. Please reduce the length of the messages.`,
    param: "messages",
  },
  "too-large": {
    status: 413,
    type: "invalid_request_error",
    code: null,
    message: () => "Request body is larger than 32 MB.",
  },
  filter: {
    status: 400,
    type: "invalid_request_error",
    code: "content_filter",
    message: () =>
      "The response was filtered due to the prompt triggering the content management policy. Please modify your prompt and retry.",
    param: "prompt",
  },
  refusal: {
    status: 400,
    type: "invalid_request_error",
    code: "invalid_prompt",
    message: () => "Invalid prompt: this request was refused.",
  },
  invalid: { status: 400, type: "invalid_request_error", code: null, message: () => "The request is invalid." },
};

const CONTEXT = { tokens: 130_001, maximum: 128_000 };

export function openaiProblem(problem: Problem): { readonly status: number; readonly body: Json } {
  const row = ROWS[problem.kind];
  const error = {
    message: messageOf(problem, row.message(problem.model ?? "the model", problem.context ?? CONTEXT)),
    type: row.type,
    param: problem.param ?? row.param ?? null,
    code: problem.code ?? row.code,
  };
  return { status: problem.status ?? row.status, body: { error } };
}
