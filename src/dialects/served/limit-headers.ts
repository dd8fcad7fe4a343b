import type { RateLimit } from "../../core/rate-limit.ts";

const WINDOWS = ["requests", "tokens"] as const;

/** No limit lasts longer, and a date that is much later does not exist. */
const YEAR_MS = 365 * 86_400_000;

/** The headers of the windows of a limit that are known. */
export function limitHeaders(
  limit: RateLimit,
  nameOf: (window: (typeof WINDOWS)[number], field: "limit" | "remaining" | "reset") => string,
  reset: (resetMs: number) => string,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const window of WINDOWS) {
    const { limit: most, remaining, resetMs } = limit[window] ?? {};
    if (most !== undefined) headers[nameOf(window, "limit")] = String(most);
    if (remaining !== undefined) headers[nameOf(window, "remaining")] = String(remaining);
    if (resetMs !== undefined) headers[nameOf(window, "reset")] = reset(Math.min(resetMs, YEAR_MS));
  }
  return headers;
}
