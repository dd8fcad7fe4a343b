/** The texts in a value, each with the outermost key it is under. */
export function leavesOf(value: unknown, key = ""): (readonly [string, string])[] {
  if (typeof value === "string") return [[key, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([inner, content]) => leavesOf(content, key === "" ? inner : key));
}
