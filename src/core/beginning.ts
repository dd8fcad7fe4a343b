const MOST_QUOTED = 200;

/** What a body that cannot be read looks like. JSON is not quoted: half an answer is the user's, not a message's. */
export function beginningOf(text: string): string {
  const start = text.trimStart();
  if (/^[{["]/.test(start)) return `broken JSON of ${text.length} characters`;
  const quoted = JSON.stringify(start.slice(0, MOST_QUOTED));
  return start.length > MOST_QUOTED ? `${quoted}…` : quoted;
}
