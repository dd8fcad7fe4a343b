import { COMMAND } from "../core/command.ts";
import type { ModelError, ModelErrorCode } from "../index.ts";

/** What to do about each error code. */
export const ADVICE: Readonly<Record<ModelErrorCode, string>> = {
  rate_limited:
    "Wait, raise max_retry_after if the provider asks for a longer wait, set several keys (api_key = [...]), or set rate_limit_fallbacks.",
  quota_exhausted: "Add credit to the account or use another key; waiting a minute does not help.",
  overloaded: "Try again later, or set fallback_models.",
  server_error: "Try again. If it persists, check the provider's status page and set fallback_models.",
  connection_failed: "Check base_url, the network and the proxy. Is a local server running?",
  timed_out: `Raise the timeout that expired (${COMMAND} explain NAME shows them) or set fallback_models.`,
  stream_truncated: 'Try again; on_break = "restart" lets a fallback start the answer anew.',
  protocol_error: "Check base_url and custom_llm_provider: the server does not speak this wire format.",
  degenerate_output: "Raise temperature or frequency_penalty, or use another model.",
  unauthorized: `Correct what the message names; ${COMMAND} check --online tests every key.`,
  forbidden: "Ask the provider for access to this model, or use a key of a project that has it.",
  not_found: `Check name and base_url of the entry: ${COMMAND} models --catalog lists known ids.`,
  invalid_request: `Correct the setting that the message names; ${COMMAND} explain NAME shows the complete request.`,
  unsupported: "Omit the setting, allow changes (drop_params, modify_params), or use a model that supports it.",
  context_too_long: "Shorten the prompt, or set context_window_fallbacks to a model with a larger window.",
  request_too_large: "Send smaller attachments, or set context_window_fallbacks.",
  content_filtered: "Rephrase the prompt, or set content_policy_fallbacks.",
  refused: "Rephrase the prompt, or set content_policy_fallbacks.",
  invalid_output: "Raise repair, simplify the schema, or use a model that enforces schemas.",
  invalid_tool_call: "Try again, simplify the tool's parameters, or use another model.",
  empty_response: "Raise max_new_tokens (reasoning counts too), or try again.",
  budget_exceeded: "Raise the budget or wait until its period ends.",
  rejected: "Nothing to do: a hook of the program refused the call; the message says why.",
  circuit_open: "Wait until circuit_breaker.half_open_after has passed, or set fallback_models.",
  limit_exceeded: "Raise the limit in models.toml, or its max_wait.",
  state_unavailable: 'Check the store of [state]; on_unavailable = "allow" goes on without it.',
  bulkhead_full: "Raise max_parallel or queue.",
  redirect_blocked: "Set base_url to the URL that the server redirects to, if you trust it.",
  proxy_refused: "Check the proxy's address and password, or exempt the host with NO_PROXY.",
  aborted: "Nothing to do: the call was aborted.",
  all_models_failed: "Look at the error of each model above; fix the first one first.",
};

export function adviceFor(error: ModelError): string {
  if (error.code === "timed_out" && error.phase !== undefined)
    return `${CLOCK_ADVICE[error.phase]} Or set fallback_models.`;
  if (error.code === "state_unavailable" && error.message.includes("[ledger]")) return LEDGER_ADVICE;
  if (error.code === "state_unavailable" && error.message.includes("(max_counters)")) return "Raise max_counters.";
  if (error.code === "budget_exceeded" && error.retryAfterMs === undefined)
    return error.message.includes("unpriced") ? UNPRICED_ADVICE : "Raise the budget, or lower max_new_tokens.";
  if (error.code === "unsupported" && error.message.includes("computes embeddings")) return EMBEDDINGS_ADVICE;
  if (error.code === "limit_exceeded" && error.message.includes("the request alone"))
    return "Raise the limit, or send a smaller request: a shorter prompt or a lower max_new_tokens.";
  return ADVICE[error.code].replace("NAME", error.model ?? "NAME");
}

const UNPRICED_ADVICE = 'Make the cost known, as the message says, or set unpriced = "allow" on the budget.';

const EMBEDDINGS_ADVICE = `Choose an entry that generates answers: ${COMMAND} models marks those with embeddings.`;

/** `[ledger]` has no `on_unavailable`: without it, budgets would start at zero. */
const LEDGER_ADVICE =
  'Make the database of [ledger] available, or correct its path or url. With durability = "batch", calls without budgets go on meanwhile.';

const CLOCK_ADVICE: Readonly<Record<NonNullable<ModelError["phase"]>, string>> = {
  connect: "Check base_url and the network, or raise connect_timeout.",
  "first-token": "Raise first_token_timeout: this model needs longer.",
  silence: "Raise silence_timeout: no data arrived for longer.",
  idle: "Raise idle_timeout: the model paused for longer.",
  attempt: "Raise timeout, or lower max_new_tokens.",
  deadline: "Raise deadline.",
};
