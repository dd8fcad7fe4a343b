import { configSchema, entryShape, providerOnly } from "./schema.ts";

/** Planned keys: rejected by name and absent from the schema until they work. */
const LATER_ENTRY_KEYS = new Set(["budget"]);
const LATER_GATEWAY_KEYS = new Set(["admin_key", "trusted_proxies", "content"]);

/** Keys of other tools, lower case and without separators. Looked up before the nearest spelling. */
const FOREIGN_KEYS = withoutSeparators({
  model: "name",
  model_name: "name",
  model_id: "name",
  deployment_name: "name",
  azure_deployment: "name",
  llm_provider: "provider",
  wire: "custom_llm_provider",
  dialect: "custom_llm_provider",
  key: "api_key",
  token: "api_key",
  auth_token: "api_key",
  openai_api_key: "api_key",
  azure_openai_api_key: "api_key",
  anthropic_api_key: "api_key",
  google_api_key: "api_key",
  gemini_api_key: "api_key",
  api_base: "base_url",
  api_url: "base_url",
  openai_api_base: "base_url",
  azure_endpoint: "base_url",
  anthropic_api_url: "base_url",
  endpoint: "base_url",
  url: "base_url",
  host: "base_url",
  organization: "organization_id",
  organisation: "organization_id",
  project: "project_id",
  headers: "extra_headers",
  default_headers: "extra_headers",
  body: "extra_body",
  model_kwargs: "extra_body",
  provider_options: "extra_body",
  max_completion_tokens: "max_new_tokens",
  max_output_tokens: "max_new_tokens",
  max_tokens_to_sample: "max_new_tokens",
  num_predict: "max_new_tokens",
  temp: "temperature",
  context_window: "max_input_tokens",
  n: "batch_size",
  chunk_size: "embed_batch_size",
  embedding_batch_size: "embed_batch_size",
  max_embeddings_per_call: "embed_batch_size",
  output_dimension: "dimensions",
  output_dimensionality: "dimensions",
  embedding_dimensions: "dimensions",
  stop_sequences: "stop",
  stop_words: "stop",
  streaming: "stream",
  thinking: "reasoning_effort",
  effort: "reasoning_effort",
  cache: "prompt_cache",
  cache_control: "prompt_cache",
  functions: "tools",
  function_call: "tool_choice",
  system_prompt: "system",
  instructions: "system",
  retries: "num_retries",
  max_attempts: "num_retries",
  max_retry: "num_retries",
  retry_count: "num_retries",
  retry_attempts: "num_retries",
  retries_count: "num_retries",
  request_timeout: "timeout",
  timeout_ms: "timeout",
  stream_timeout: "idle_timeout",
  fallbacks: "fallback_models",
  fallback: "fallback_models",
  concurrency: "max_parallel",
  max_parallel_requests: "max_parallel",
  max_concurrency: "max_parallel",
  rpm: "rate_limit",
  tpm: "rate_limit",
  requests_per_minute: "rate_limit",
  tokens_per_minute: "rate_limit",
  price: "pricing",
  cost: "pricing",
  inherits: "extends",
  base: "extends",
  discover_models: "discover",
  auto_discover: "discover",
  discovery: "discover",
});

const FOREIGN_GROUP_KEYS = withoutSeparators({
  models: "members",
  entries: "members",
  deployments: "members",
  targets: "members",
  routing_strategy: "strategy",
  policy: "strategy",
  cooldown_time: "cooldown",
  rest: "cooldown",
  max_fails: "allowed_fails",
  threshold: "allowed_fails",
  fallbacks: "fallback_models",
});

const FOREIGN_BUDGET_KEYS = withoutSeparators({
  max_budget: "usd",
  credit_limit: "usd",
  max_usd: "usd",
  limit: "usd",
  amount: "usd",
  max_tokens: "tokens",
  token_limit: "tokens",
  budget_duration: "period",
  time_period: "period",
  duration: "period",
  window: "period",
  tz: "timezone",
  soft_budget: "warn_at",
  alert_threshold: "warn_at",
  group_by: "per",
  scope: "per",
  filter: "match",
  max_new_tokens: "max_output",
  timeout: "max_wait",
});

const FOREIGN_RATE_KEYS = withoutSeparators({
  rps: "requests_per_second",
  rpm_limit: "rpm",
  tpm_limit: "tpm",
  rpd: "requests_per_day",
  tpd: "tokens_per_day",
  max_parallel_requests: "max_parallel",
  concurrency: "max_parallel",
  group_by: "per",
  scope: "per",
  filter: "match",
  timeout: "max_wait",
});

/** Call options that are not keys of an entry. */
export const CALL_ONLY = ["samples", "signal", "cache", "tags", "priority", "raw", "shouldRetry"] as const;

const FOREIGN_OPTIONS = withoutSeparators({
  n: "samples",
  num_samples: "samples",
  abort_signal: "signal",
  ...Object.fromEntries(CALL_ONLY.map((name) => [name, name])),
});

function withoutSeparators(words: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(words).map(([word, key]) => [bareWord(word), key]));
}

function bareWord(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "");
}

const TOP_LEVEL_KEYS: readonly string[] = Object.keys(configSchema.shape);
const ENTRY_KEYS: readonly string[] = Object.keys(entryShape);
const OWN_KEYS = withoutSeparators(Object.fromEntries(ENTRY_KEYS.map((key) => [key, key])));

/** Options of a run, which a single call does not have. */
const RUN_KEYS: ReadonlySet<string> = new Set([
  ...["maxSteps", "stopWhen", "onStep", "approved", "maxParallelTools", "maxToolResultBytes"],
]);

export type Place = "top" | "entry" | "group" | "budget" | "rate limit" | "gateway" | "call" | "other";

/** The kind of table at a path. */
export function placeOf(path: readonly PropertyKey[]): Place {
  const inner = path[0] === "profiles" ? path.slice(2) : path;
  if (inner.length === 0) return "top";
  if (inner[0] === "defaults") return inner.length === 1 ? "entry" : "other";
  if (inner[0] === "models" || inner[0] === "providers") return inner.length === 2 ? "entry" : "other";
  if (inner[0] === "groups") return inner.length === 2 ? "group" : "other";
  if (inner[0] === "budgets") return inner.length === 2 ? "budget" : "other";
  if (inner[0] === "rate_limits") return inner.length === 2 ? "rate limit" : "other";
  return inner[0] === "gateway" && inner.length === 1 ? "gateway" : "other";
}

export function isLaterKey(place: Place, key: string): boolean {
  if (place === "gateway") return LATER_GATEWAY_KEYS.has(key);
  return (place === "entry" || place === "call") && LATER_ENTRY_KEYS.has(key);
}

/** Our name for a key of another tool or one in another spelling. */
export function foreignKey(place: Place, key: string): string | undefined {
  const word = bareWord(key);
  if (place === "group") return FOREIGN_GROUP_KEYS.get(word);
  if (place === "budget") return FOREIGN_BUDGET_KEYS.get(word);
  if (place === "rate limit") return FOREIGN_RATE_KEYS.get(word);
  if (place === "call") return FOREIGN_OPTIONS.get(word) ?? FOREIGN_KEYS.get(word) ?? OWN_KEYS.get(word);
  return place === "entry" ? (FOREIGN_KEYS.get(word) ?? OWN_KEYS.get(word)) : undefined;
}

/** The right place for a key that is in the wrong one. */
export function properPlace(place: Place, key: string): string | undefined {
  if (place === "call" && RUN_KEYS.has(key)) return "is an option of run() and runStream()";
  if (place === "top" && ENTRY_KEYS.includes(key)) return "belongs in [models.NAME], [providers.NAME] or [defaults]";
  if (place === "entry" && Object.hasOwn(providerOnly, key)) return "belongs in [providers.NAME]";
  if (place === "entry" && TOP_LEVEL_KEYS.includes(key))
    return "belongs at the top of the file, before the first [table]";
  if ((place === "entry" || place === "call") && ENTRY_KEYS.includes(key)) return "belongs in [models.NAME]";
  return undefined;
}
