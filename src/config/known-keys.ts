import { own } from "../core/own.ts";
import { configSchema, entryShape } from "./schema.ts";

/** Keys that are planned: refused by name and absent from the schema until they work. */
const LATER_ENTRY_KEYS = new Set(["budget", "rate_limit"]);
const LATER_TOP_LEVEL = new Set([
  ...["state", "ledger", "budgets", "rate_limits", "record", "audit", "telemetry", "gateway"],
]);
const LATER_WORDS: Readonly<Record<string, ReadonlySet<string>>> = {
  store: new Set(["sqlite", "redis"]),
};

/** What other tools call a key; consulted before spelling. */
const FOREIGN_KEYS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    model: "name",
    model_name: "name",
    model_id: "name",
    llm_provider: "provider",
    wire: "custom_llm_provider",
    dialect: "custom_llm_provider",
    key: "api_key",
    token: "api_key",
    api_base: "base_url",
    endpoint: "base_url",
    url: "base_url",
    host: "base_url",
    organization: "organization_id",
    organisation: "organization_id",
    project: "project_id",
    headers: "extra_headers",
    default_headers: "extra_headers",
    body: "extra_body",
    max_completion_tokens: "max_new_tokens",
    max_output_tokens: "max_new_tokens",
    context_window: "max_input_tokens",
    n: "batch_size",
    stop_sequences: "stop",
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
    request_timeout: "timeout",
    stream_timeout: "idle_timeout",
    fallbacks: "fallback_models",
    fallback: "fallback_models",
    concurrency: "max_parallel",
    max_parallel_requests: "max_parallel",
    price: "pricing",
    cost: "pricing",
    inherits: "extends",
    base: "extends",
  }),
);

const FOREIGN_GROUP_KEYS: ReadonlyMap<string, string> = new Map(
  Object.entries({
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
  }),
);

const TOP_LEVEL_KEYS: readonly string[] = Object.keys(configSchema.shape);
const ENTRY_KEYS: readonly string[] = Object.keys(entryShape);

export type Place = "top" | "entry" | "group" | "call" | "other";

/** What kind of table a path leads to. */
export function placeOf(path: readonly PropertyKey[]): Place {
  const inner = path[0] === "profiles" ? path.slice(2) : path;
  if (inner.length === 0) return "top";
  if (inner[0] === "defaults") return inner.length === 1 ? "entry" : "other";
  if (inner[0] === "models" || inner[0] === "providers") return inner.length === 2 ? "entry" : "other";
  if (inner[0] === "groups") return inner.length === 2 ? "group" : "other";
  return "other";
}

export function isLaterKey(place: Place, key: string): boolean {
  if (place === "top") return LATER_TOP_LEVEL.has(key);
  return (place === "entry" || place === "call") && LATER_ENTRY_KEYS.has(key);
}

export function isLaterWord(key: string, word: unknown): boolean {
  return typeof word === "string" && own(LATER_WORDS, key)?.has(word) === true;
}

/** What another tool's key is called here. */
export function foreignKey(place: Place, key: string): string | undefined {
  const word = key.toLowerCase().replaceAll("-", "_");
  if (place === "group") return FOREIGN_GROUP_KEYS.get(word);
  return place === "entry" || place === "call" ? FOREIGN_KEYS.get(word) : undefined;
}

/** Where a key belongs that was written in the wrong place. */
export function properPlace(place: Place, key: string): string | undefined {
  if (place === "top" && ENTRY_KEYS.includes(key)) return "belongs into [models.NAME], [providers.NAME] or [defaults]";
  if (place === "entry" && TOP_LEVEL_KEYS.includes(key))
    return "belongs to the top of the file, before the first [table]";
  if ((place === "entry" || place === "call") && ENTRY_KEYS.includes(key)) return "belongs into [models.NAME]";
  return undefined;
}
