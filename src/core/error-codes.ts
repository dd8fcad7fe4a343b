/** The fallback list that applies to an error code. */
export type FallbackKind = "general" | "context" | "policy" | "none";

export interface ErrorRow {
  /** HTTP status of this error in an OpenAI-style response. */
  readonly status: number;
  /** never: the same request would fail again; once: retried once; yes: retried as often as the entry allows. */
  readonly retry: "never" | "once" | "yes";
  readonly fallback: FallbackKind;
  /** Whether the target's circuit breaker counts the error. */
  readonly countsForBreaker: boolean;
  /** Whether the next API key is tried. */
  readonly rotatesKey: boolean;
  readonly meaning: string;
}

/** Every error code of a call. docs/reference/errors.md is generated from these rows. */
export const ERROR_CODES = {
  rate_limited: {
    status: 429,
    retry: "yes",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: true,
    meaning: "The provider asks for fewer requests or tokens per minute.",
  },
  quota_exhausted: {
    status: 429,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: true,
    meaning: "The account has no credit, or its daily or monthly quota is used up. Waiting a minute does not help.",
  },
  overloaded: {
    status: 529,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The provider has no capacity at the moment.",
  },
  server_error: {
    status: 500,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The provider had an internal error.",
  },
  connection_failed: {
    status: 502,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The connection could not be established, or broke before a response began.",
  },
  timed_out: {
    status: 504,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "A timeout expired; `phase` says which.",
  },
  stream_truncated: {
    status: 502,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The answer is incomplete; the part that arrived is in `partial`.",
  },
  protocol_error: {
    status: 502,
    retry: "once",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The answer is not in the wire format of this provider.",
  },
  degenerate_output: {
    status: 502,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The model repeated itself endlessly.",
  },
  unauthorized: {
    status: 401,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: true,
    meaning: "The API key is missing, invalid or revoked.",
  },
  forbidden: {
    status: 403,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: true,
    meaning: "The API key has no access to this model or feature.",
  },
  not_found: {
    status: 404,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The provider has no such model or URL.",
  },
  invalid_request: {
    status: 400,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The request is invalid; `message` says why.",
  },
  unsupported: {
    status: 400,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning:
      "The model does not support what the request needs, and the configuration forbids dropping or changing it.",
  },
  context_too_long: {
    status: 400,
    retry: "never",
    fallback: "context",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The prompt does not fit the model's context window.",
  },
  request_too_large: {
    status: 413,
    retry: "never",
    fallback: "context",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The request has more bytes than the provider accepts.",
  },
  content_filtered: {
    status: 400,
    retry: "never",
    fallback: "policy",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "A safety filter stopped the prompt or the answer.",
  },
  refused: {
    status: 400,
    retry: "never",
    fallback: "policy",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The model refused to answer where an object was required.",
  },
  invalid_output: {
    status: 502,
    retry: "once",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The answer does not match the schema.",
  },
  invalid_tool_call: {
    status: 502,
    retry: "once",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The model wrote a malformed tool call.",
  },
  empty_response: {
    status: 502,
    retry: "once",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The answer has neither text nor a tool call.",
  },
  budget_exceeded: {
    status: 429,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The call would exceed a budget.",
  },
  limit_exceeded: {
    status: 429,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "A rate limit of your models.toml has no room for the request, now or within `max_wait`.",
  },
  state_unavailable: {
    status: 503,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The store of budgets and limits, or the ledger, cannot be reached, so nothing was sent.",
  },
  circuit_open: {
    status: 503,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The circuit breaker of this model is open after repeated failures.",
  },
  bulkhead_full: {
    status: 503,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "`max_parallel` calls are in flight and `queue` is full.",
  },
  redirect_blocked: {
    status: 502,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The server redirected to another origin; nothing was sent there.",
  },
  proxy_refused: {
    status: 502,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The proxy refused the connection.",
  },
  aborted: {
    status: 499,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "Your program aborted the call.",
  },
  all_models_failed: {
    status: 502,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "Every model failed, with different codes; `errors` has the error of each.",
  },
} as const satisfies Record<string, ErrorRow>;

export type ModelErrorCode = keyof typeof ERROR_CODES;
