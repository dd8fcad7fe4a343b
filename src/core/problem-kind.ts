/** The kinds of errors of a request or provider, independent of the wire format. */
export const PROBLEM_KINDS = [
  "rate-limit",
  "quota",
  "overloaded",
  "server",
  "timeout",
  "auth",
  "forbidden",
  "not-found",
  "context",
  "too-large",
  "filter",
  "refusal",
  "invalid",
] as const;

export type ProblemKind = (typeof PROBLEM_KINDS)[number];
