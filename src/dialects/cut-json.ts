/** Whether a text that is no JSON began as an object and broke off: a body that was cut, not one of another kind. */
export function isCutJson(text: string): boolean {
  if (!text.trimStart().startsWith("{")) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') inString = !inString;
    else if (inString && char === "\\") at++;
    else if (!inString && (char === "{" || char === "[")) depth++;
    else if (!inString && (char === "}" || char === "]")) depth--;
  }
  return inString || depth > 0;
}
