/**
 * What holds when models.toml says nothing, in the spelling and units of models.toml. The schema shows these values in
 * the editor, and the code that builds a target from an entry read them here, so the two cannot differ.
 */
export const DEFAULTS = {
  stream: false,
  max_input_bytes: "64MiB",
  batch_size: 1,
  drop_params: true,
  modify_params: true,
  strict: false,
  repair: 0,
  continue_on_length: 0,
  strip_special_tokens: false,
  num_retries: 3,
  retry_min_wait: 0.5,
  retry_max_wait: 20,
  retry_multiplier: 2,
  jitter: "full",
  max_retry_after: 60,
  sdk_requests: false,
  timeout: 600,
  connect_timeout: 10,
  silence_timeout: 60,
  idle_timeout: 300,
  circuit_breaker: { threshold: 5, half_open_after: 10 },
  on_break: "error",
  repeated_chunk_limit: 100,
  strict_pricing: false,
  group: { strategy: "priority", allowed_fails: 3, cooldown: 5 },
  cache: { store: "memory", ttl: 3_600, max_entries: 1_000, namespace: "default" },
  logging: { level: "warn", format: "text", log_content: false },
} as const;
