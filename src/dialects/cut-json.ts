import { JsonNesting } from "../core/json-nesting.ts";

/** Whether a text that is no JSON began as an object and broke off: a body that was cut, not one of another kind. */
export function isCutJson(text: string): boolean {
  if (!text.trimStart().startsWith("{")) return false;
  const nesting = new JsonNesting();
  nesting.add(text);
  return nesting.open;
}
