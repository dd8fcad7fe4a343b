/** What a provider says of its limits in the headers of an answer. */
export interface RateLimit {
  readonly requests?: RateWindow;
  readonly tokens?: RateWindow;
}
export interface RateWindow {
  readonly limit?: number;
  readonly remaining?: number;
  readonly resetMs?: number;
}
