/** Suffixes of copies of a model: a date, or a pointer to the newest copy. */
const DATED: readonly RegExp[] = [/-20\d{2}-\d{2}-\d{2}$/, /[-@]20\d{6}$/];
const POINTER = /-latest$/;
/** Numbered copies of a Gemini release. */
const NUMBERED = /^(gemini-[\w.-]*?)-00\d$/;

/** Aliases of models that are not suffixes. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["claude-sonnet-4-0", "claude-sonnet-4-20250514"],
  ["claude-4-sonnet", "claude-sonnet-4-20250514"],
  ["claude-opus-4-0", "claude-opus-4-20250514"],
  ["claude-4-opus", "claude-opus-4-20250514"],
  ["grok-4-0709", "grok-4"],
]);

/** The id without the suffix of a copy. */
export function stemOf(id: string): string {
  for (const ending of DATED) if (ending.test(id)) return id.replace(ending, "");
  return id.replace(POINTER, "").replace(NUMBERED, "$1");
}

export function isDated(id: string): boolean {
  return DATED.some((ending) => ending.test(id));
}

export function aliasOf(id: string): string | undefined {
  return ALIASES.get(id);
}

/** Whether two ids refer to the same model: equal, aliases, or copies of one release. */
export function sameModel(left: string, right: string): boolean {
  if (left === right) return true;
  return stemOf(aliasOf(left) ?? left) === stemOf(aliasOf(right) ?? right);
}
