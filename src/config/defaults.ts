/** Defaults outside model entries, in the spelling and units of models.toml. Defaults of entries are in the options. */
export const DEFAULTS = {
  group: { strategy: "priority", allowed_fails: 3, cooldown: 5 },
  cache: { store: "memory", ttl: 3_600, max_entries: 1_000, namespace: "default" },
  logging: { level: "warn", format: "text", log_content: false },
} as const;
