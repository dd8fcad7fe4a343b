/**
 * Replaces lone surrogates, which `JSON.stringify` writes as `\ud83d`, with U+FFFD. Providers reject a request with one, so a
 * conversation with one in its history would always fail. Complete pairs are never escaped.
 */
export function wellFormedBody(json: string): string {
  return json.includes("\\ud") ? json.replace(/(?<=(?:^|[^\\])(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, "\ufffd") : json;
}
