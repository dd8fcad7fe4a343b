/**
 * A JSON text in which half a surrogate pair, which `JSON.stringify` writes as `\ud83d`, is U+FFFD. Providers refuse the
 * whole request for it, and a conversation that has one in its history for ever. Whole pairs are never escaped.
 */
export function wellFormedBody(json: string): string {
  return json.includes("\\ud") ? json.replace(/(?<=(?:^|[^\\])(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, "\ufffd") : json;
}
