import type { Wire } from "./wires.ts";

const ROUTES: Readonly<Record<Wire, string>> = {
  openai: 'provider = "openai"',
  "openai-responses": 'provider = "openai"\ncustom_llm_provider = "openai-responses"',
  anthropic: 'provider = "anthropic"\napi_version = "2023-06-01"',
  google: 'provider = "google"',
};

export interface EntryShape {
  readonly table?: string;
  readonly name?: string;
  /** False takes prices from the catalog. */
  readonly priced?: boolean;
}

/** The table of one entry on a wire, with its own prices; `lines` are additional keys. */
export function entry(
  wire: Wire,
  url: string,
  lines = "",
  { table = "main", name = "some-model", priced = true }: EntryShape = {},
): string {
  const base = wire.startsWith("openai") ? `${url}/v1` : url;
  const pricing = priced ? "pricing = { input = 3, output = 15, cache_read = 0.3, cache_write = 3.75 }" : "";
  return `[models.${table}]\nname = "${name}"\napi_key = "test-key"\n${ROUTES[wire]}\nbase_url = "${base}"\n${pricing}\n${lines}\n`;
}

/** Retries that do not wait. */
export const AT_ONCE = 'retry_min_wait = "1ms"\nretry_max_wait = "1ms"';

/** Limits so long that a JumpingClock never reaches them. */
export const PATIENT = "connect_timeout = 900\nsilence_timeout = 900\nidle_timeout = 900\ntimeout = 900";
