const MAX_QUOTED = 200;

/** A short description of an unreadable body. JSON is not quoted, because it may contain a part of the answer. */
export function beginningOf(text: string): string {
  const start = text.trimStart();
  const json = start.search(/[{[]/);
  if (json === 0) return `invalid JSON (${text.length} characters)`;
  const quoted = start.slice(0, json < 0 ? MAX_QUOTED : Math.min(json, MAX_QUOTED));
  return quoted.length < start.length ? `${JSON.stringify(quoted)}…` : JSON.stringify(quoted);
}
