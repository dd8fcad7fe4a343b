import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { ProblemKind } from "../../src/core/problem-kind.ts";

/** What each problem is read as; timeouts of a provider are failures of its server. */
export const PROBLEM_CODES: Readonly<Record<ProblemKind, ModelErrorCode>> = {
  "rate-limit": "rate_limited",
  quota: "quota_exhausted",
  overloaded: "overloaded",
  server: "server_error",
  timeout: "server_error",
  auth: "unauthorized",
  forbidden: "forbidden",
  "not-found": "not_found",
  context: "context_too_long",
  "too-large": "request_too_large",
  filter: "content_filtered",
  refusal: "invalid_request",
  invalid: "invalid_request",
};
