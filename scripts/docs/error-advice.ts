import type { ModelErrorCode } from "../../src/index.ts";

export interface ErrorAdvice {
  readonly group: keyof typeof ERROR_GROUPS;
  /** What to do about it, one step per string. */
  readonly steps: readonly string[];
  /** Useful fields of the error besides `message`. */
  readonly fields: readonly string[];
  /** What the library does beyond the row of the code. */
  readonly note?: string;
}

/** Headings of the groups in page order, each with what its codes have in common. */
export const ERROR_GROUPS = {
  "Limits and quota": "The provider is up and your key is valid, but it accepts no more requests from you for now.",
  Credentials: "The provider does not accept the key, or the key may not do this.",
  "Request refused":
    "The request cannot succeed as it is. A retry would fail again, so the error reaches you at once. Fix the request or the entry.",
  "Connection and timeouts": "No complete answer arrived: a network, proxy or server problem, or one of your timeouts.",
  "Broken or wrong answers": "An answer arrived, but your program could not use it.",
  Policy: "A safety rule of the provider or the model stopped the call.",
  "Your side": "The call ended here. No request was sent, or your program ended it.",
  "All models failed": "Every model of the chain was tried.",
} as const;

/** Advice for each code in docs/reference/errors.md. */
export const ERROR_ADVICE: Readonly<Record<ModelErrorCode, ErrorAdvice>> = {
  rate_limited: {
    group: "Limits and quota",
    note: "Each retry waits for `Retry-After`, up to `max_retry_after`; without one the backoff starts at twice `retry_min_wait`. Other calls to the same model and key wait too.",
    steps: [
      "Look at `rateLimit`: it says whether requests or tokens ran out, and when the window resets.",
      "Lower `max_parallel`, add keys to `api_key`, or set `rate_limit_fallbacks`.",
      "If it happens all day, ask the provider for a higher limit.",
    ],
    fields: ["retryAfterMs", "rateLimit", "attempts"],
  },
  quota_exhausted: {
    group: "Limits and quota",
    note: "A key without credit is not used for five minutes.",
    steps: [
      "Open the provider's billing page: add credit or raise the monthly limit.",
      "Until then, set `rate_limit_fallbacks` or `fallback_models` to a model of another provider.",
      "If `message` names a daily quota, it says when the quota resets.",
    ],
    fields: ["provider", "status", "requestId"],
  },
  overloaded: {
    group: "Limits and quota",
    note: "The backoff starts at twice `retry_min_wait`.",
    steps: [
      "Check the provider's status page. The fault is not on your side.",
      "Set `fallback_models` to a model of another provider.",
    ],
    fields: ["retryAfterMs", "attempts"],
  },
  budget_exceeded: {
    group: "Limits and quota",
    note: "No request was sent. `message` names the budget, what is spent and reserved, what the call may cost, when the period ends, and what helps.",
    steps: [
      "Wait until `retryAfterMs` has passed, or raise `usd` or `tokens` of the budget.",
      'Set `on_exceeded = "fallback"` to use a cheaper target for what is left.',
      "Set `max_new_tokens`, or `max_output` of the budget, so that a call reserves less.",
    ],
    fields: ["message", "retryAfterMs"],
  },
  unauthorized: {
    group: "Credentials",
    note: "A refused key is not used again by this factory.",
    steps: [
      "The end of the message names the variable, file or table of the key, such as `check OPENAI_API_KEY`. With several keys it names all; run `npx modelwright check --online` to see which one is refused.",
      "Replace the key, or fix the token hook if the provider uses one.",
    ],
    fields: ["provider", "model", "status"],
  },
  forbidden: {
    group: "Credentials",
    steps: [
      "Check in the provider's console that the key's project may use this model, feature and region.",
      "Run `npx modelwright models --discover` to see the models this key can use.",
    ],
    fields: ["status", "requestId", "message"],
  },
  not_found: {
    group: "Request refused",
    note: 'No fallback is tried, so a misspelled or retired model does not go unnoticed; in a group, the next member is. With `cache: "only"` it means that the answer is not in the cache.',
    steps: [
      "Check `name` and `base_url` of the entry. `npx modelwright check --online` suggests the nearest model id.",
      "Check whether the model was retired: `npx modelwright models` shows retirement dates.",
    ],
    fields: ["model", "provider", "status"],
  },
  invalid_request: {
    group: "Request refused",
    steps: [
      "Read `message`: it has the place in your messages, or the provider's explanation.",
      "Run `npx modelwright explain NAME` to see the exact request.",
      'Leave out a parameter the provider rejects with `drop = ["…"]`.',
    ],
    fields: ["message", "status", "requestId"],
  },
  unsupported: {
    group: "Request refused",
    note: "Nothing was sent.",
    steps: [
      "Use a model that supports it: test with `model.supports(…)`.",
      "Or allow the change: omit `strict` and `drop_params = false`.",
      "If the catalog is wrong, correct it with `capabilities` in the entry.",
    ],
    fields: ["message", "model"],
  },
  context_too_long: {
    group: "Request refused",
    note: "A fallback whose context window is too small is skipped.",
    steps: [
      "Set `context_window_fallbacks` to a model with a larger context window.",
      "Shorten the history, for example with `model.session({ memory })`.",
      "Count before you send: `await model.countTokens(input)`.",
    ],
    fields: ["message", "errors"],
  },
  request_too_large: {
    group: "Request refused",
    steps: [
      "Send smaller images and files. `message` has the number of bytes that were sent.",
      "Set `max_input_bytes` to refuse such requests before they are sent.",
    ],
    fields: ["message", "status"],
  },
  server_error: {
    group: "Connection and timeouts",
    steps: [
      "Check the provider's status page.",
      "Set `fallback_models` to a model of another provider.",
      "Give `requestId` to the provider's support if it persists.",
    ],
    fields: ["status", "requestId", "attempts"],
  },
  connection_failed: {
    group: "Connection and timeouts",
    note: "A refused certificate is not retried.",
    steps: [
      "Check DNS, firewall, `proxy` and `base_url`: `curl` the address from the same machine.",
      "For a certificate of your own authority, set `tls.ca_file`.",
    ],
    fields: ["message", "cause", "attempts"],
  },
  timed_out: {
    group: "Connection and timeouts",
    note: "Retried on this model only if no fallback remains. A `deadline` ends the whole call: no retry, no fallback.",
    steps: [
      "Look at `phase`: it names the timeout that expired.",
      "`connect`: network or proxy. `first-token` or `attempt`: a slow model; raise `first_token_timeout` or `timeout`, or stream. `silence` or `idle`: the stream stalled. `deadline`: the whole call took too long.",
      "Use `error.partial` if half an answer is better than none.",
    ],
    fields: ["phase", "partial", "attempts"],
  },
  stream_truncated: {
    group: "Connection and timeouts",
    note: "`codegen()` starts again. `stream()` starts again only if it has delivered nothing.",
    steps: [
      'Set `on_break = "continue"` or `"restart"` to recover after text was delivered.',
      "If it happens after the same number of seconds each time, raise the timeout of the proxy in between.",
    ],
    fields: ["partial", "attempts"],
  },
  proxy_refused: {
    group: "Connection and timeouts",
    steps: ["Check the address and the password of `proxy`, and whether the proxy allows this host."],
    fields: ["status", "message"],
  },
  redirect_blocked: {
    group: "Connection and timeouts",
    steps: ["Set `base_url` to the address that `message` names, if you trust it. Your key was not sent there."],
    fields: ["message"],
  },
  protocol_error: {
    group: "Broken or wrong answers",
    steps: [
      "Check `base_url` and `custom_llm_provider`: a web page or another wire format usually means a wrong address.",
      "Look for a captive portal or a proxy that answers in place of the provider.",
    ],
    fields: ["message", "status", "requestId"],
  },
  degenerate_output: {
    group: "Broken or wrong answers",
    note: "The connection is closed, so the rest of the loop is not billed. `partial` ends where the loop begins.",
    steps: [
      "Raise `temperature` or set `frequency_penalty`, or use another model.",
      "If the repetition is intended, raise `repeated_chunk_limit`; 0 turns the check off.",
    ],
    fields: ["partial"],
  },
  invalid_output: {
    group: "Broken or wrong answers",
    note: "This is for providers that report the mismatch themselves. If `object()` finds it, neither happens: it asks again up to `repair` times (default 0), then the error is final.",
    steps: [
      "Read `message`: it names the field that does not match the schema, or line and column of the text that is not JSON.",
      "Set `repair = 1`, simplify the schema, or describe the field.",
      "If the answer was truncated by the token limit, raise `max_new_tokens`.",
    ],
    fields: ["message", "partial"],
  },
  invalid_tool_call: {
    group: "Broken or wrong answers",
    note: "A tool call truncated by the token limit is not retried.",
    steps: [
      "If the call was truncated, raise `max_new_tokens`.",
      "Simplify the parameters of the tool, or use another model.",
    ],
    fields: ["partial"],
  },
  empty_response: {
    group: "Broken or wrong answers",
    steps: [
      "If `message` names the token limit, raise `max_new_tokens`: reasoning used it up.",
      "Otherwise check that your last message asks for something.",
    ],
    fields: ["message", "partial", "attempts"],
  },
  content_filtered: {
    group: "Policy",
    steps: [
      "Read `message`: it says whether the prompt or the answer was stopped.",
      "Set `content_policy_fallbacks` if another provider may answer such prompts.",
    ],
    fields: ["message", "partial"],
  },
  refused: {
    group: "Policy",
    note: 'Reported by `object()` only. `codegen()` returns a refusal as a reply with `finishReason: "refusal"`.',
    steps: ["Reword the prompt, or set `content_policy_fallbacks`."],
    fields: ["message", "partial"],
  },
  circuit_open: {
    group: "Your side",
    note: "No request was sent. One call probes the model after `half_open_after`.",
    steps: [
      "Find the errors before it in your log: they opened the circuit breaker.",
      "`factory.breakers.state(name)` shows the state, `reset(name)` closes the breaker by hand.",
    ],
    fields: ["message", "model"],
  },
  limit_exceeded: {
    group: "Limits and quota",
    note: "A limit of your own models.toml; no request was sent. A provider's limit is `rate_limited`.",
    steps: ["Raise the limit or its `max_wait`, send fewer calls at a time, or add `rate_limit_fallbacks`."],
    fields: ["message", "retryAfterMs"],
  },
  state_unavailable: {
    group: "Your side",
    note: "No request was sent, because budgets and limits could not be checked.",
    steps: [
      "`message` names the store and what failed: start it, or correct `[state]` or `[ledger]`.",
      'With `[state] on_unavailable = "allow"` this process counts by itself until the store is back.',
      'With `[ledger] durability = "batch"` calls without budgets go on while the ledger is down.',
    ],
    fields: ["message", "cause"],
  },
  bulkhead_full: {
    group: "Your side",
    note: "No request was sent.",
    steps: ["Raise `max_parallel` or `queue`, or send fewer calls at a time."],
    fields: ["model"],
  },
  rejected: {
    group: "Your side",
    note: "Your `before` or `after` hook refused, or it threw. A middleware that throws something else than a ModelError fails the call with this code too.",
    steps: [
      "Read the message: it ends with what your hook said. `cause` is what it threw.",
      "If `after` refused, `partial` has the answer, and its tokens are billed.",
    ],
    fields: ["partial", "cause", "attempts"],
  },
  aborted: {
    group: "Your side",
    steps: [
      "Nothing, if you meant it: your `signal` fired, or your loop left the stream.",
      "`partial` has what had arrived. The provider may bill it.",
    ],
    fields: ["partial", "cause", "attempts"],
  },
  all_models_failed: {
    group: "All models failed",
    note: "Reported only if the models failed with different codes. If all failed with the same code, you get that code.",
    steps: [
      "Go through `errors`, one for each model, and look up each code on this page.",
      "If they share a cause, such as your network, add a fallback that does not depend on it.",
    ],
    fields: ["errors", "attempts"],
  },
};
