import type { ModelError, ModelErrorCode } from "../index.ts";

/** What to do about each way a call can end. */
export const ADVICE: Readonly<Record<ModelErrorCode, string>> = {
  rate_limited: "Wait, raise num_retries, give several keys (api_key = [...]), or name rate_limit_fallbacks.",
  quota_exhausted: "Add credit to the account or use another key; waiting a minute does not help.",
  overloaded: "Try again shortly, or name fallback_models so that another model answers.",
  server_error: "Try again; if it stays, look at the provider's status page and name fallback_models.",
  connection_failed: "Check base_url, the network and the proxy; for a local server, that it runs.",
  timed_out: "Raise the clock that ran out (modelwright explain NAME shows them) or name fallback_models.",
  stream_truncated: 'Try again; on_break = "restart" lets a fallback start the answer anew.',
  protocol_error: "Check base_url and custom_llm_provider: the server does not speak this wire format.",
  degenerate_output: "Raise temperature or frequency_penalty, or use another model.",
  unauthorized: "Check the key: modelwright check shows which variable each model reads.",
  forbidden: "Ask the provider for access to this model, or use a key of a project that has it.",
  not_found: "Check name and base_url of the entry: modelwright models --catalog lists known ids.",
  invalid_request: "Correct the setting that the message names; modelwright explain NAME shows the whole request.",
  unsupported: "Leave the setting out, allow changes (drop_params, modify_params), or use a model that has it.",
  context_too_long: "Shorten the prompt, or name context_window_fallbacks with a larger window.",
  request_too_large: "Send smaller attachments, or name context_window_fallbacks.",
  content_filtered: "Rephrase the prompt, or name content_policy_fallbacks.",
  refused: "Rephrase the prompt, or name content_policy_fallbacks.",
  invalid_output: "Raise repair, simplify the schema, or use a model that enforces schemas.",
  invalid_tool_call: "Try again, simplify the tool's parameters, or use another model.",
  empty_response: "Raise max_new_tokens (reasoning counts too), or try again.",
  budget_exceeded: "Raise the budget or wait until its period ends.",
  circuit_open: "Wait until circuit_breaker.half_open_after has passed, or name fallback_models.",
  bulkhead_full: "Raise max_parallel or queue.",
  redirect_blocked: "Put the address that the server redirects to into base_url, if you trust it.",
  proxy_refused: "Check the proxy's address and password, or exempt the host with NO_PROXY.",
  aborted: "Nothing to do: the call was stopped on request.",
  all_models_failed: "Look at the error of each model above; the first is the one to mend.",
};

export function adviceFor(error: ModelError): string {
  if (error.code === "timed_out" && error.phase !== undefined)
    return `${CLOCK_ADVICE[error.phase]} Or name fallback_models.`;
  return ADVICE[error.code];
}

const CLOCK_ADVICE: Readonly<Record<NonNullable<ModelError["phase"]>, string>> = {
  connect: "Check base_url and the network, or raise connect_timeout.",
  "first-token": "Raise first_token_timeout: this model thinks longer.",
  silence: "Raise silence_timeout: the connection was quiet for longer.",
  idle: "Raise idle_timeout: the model paused for longer.",
  attempt: "Raise timeout, or ask for less with max_new_tokens.",
  deadline: "Raise deadline.",
};
