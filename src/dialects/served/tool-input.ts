import type { Fields } from "./fields.ts";

/** The `arguments` of a call, a JSON string. An empty string means an empty object. */
export function parseArguments(call: Fields): unknown {
  const json = call.ifString("arguments");
  if (json === undefined) return call.json("arguments") ?? {};
  if (json.trim() === "") return {};
  try {
    return JSON.parse(json);
  } catch {
    call.refuse("expected JSON", "arguments");
  }
}
