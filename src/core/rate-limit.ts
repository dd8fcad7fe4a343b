/** A provider's limits, from the response headers. */
export interface RateLimit {
  readonly requests?: RateWindow;
  readonly tokens?: RateWindow;
}
export interface RateWindow {
  readonly limit?: number;
  readonly remaining?: number;
  readonly resetMs?: number;
}
