/** The strings in a value, each with its top-level key. */
export function leavesOf(value: unknown, key = ""): (readonly [string, string])[] {
  if (typeof value === "string") return [[key, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([inner, content]) => leavesOf(content, key === "" ? inner : key));
}
