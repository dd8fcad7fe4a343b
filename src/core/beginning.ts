const MOST_QUOTED = 200;

/** What a body that cannot be read looks like. JSON is not quoted: half an answer is the user's, not a message's. */
export function beginningOf(text: string): string {
  const start = text.trimStart();
  const json = start.search(/[{[]/);
  if (json === 0) return `broken JSON of ${text.length} characters`;
  const quoted = start.slice(0, json < 0 ? MOST_QUOTED : Math.min(json, MOST_QUOTED));
  return quoted.length < start.length ? `${JSON.stringify(quoted)}…` : JSON.stringify(quoted);
}
