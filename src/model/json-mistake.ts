import { GrowingJson } from "../core/growing-json.ts";

/** Where a text stops being JSON, in words that repeat nothing of it; `json` is the part of it that was parsed. */
export function jsonMistake(text: string, json: string): string {
  const start = Math.max(0, text.indexOf(json));
  if (!/^\s*[{[]/.test(json)) return "it does not begin with an object or array";
  const reader = new GrowingJson();
  for (let at = 0; at < json.length; at++) {
    if (reader.state === "done") {
      if (json.slice(at).trim() !== "") return `text after the end of the JSON, from ${placeIn(text, start + at)} on`;
      break;
    }
    reader.push(json.charAt(at));
    if (reader.state === "broken") return `an unexpected character at ${placeIn(text, start + at)}`;
  }
  // Strings with line breaks are read all the same.
  if (reader.state === "done") return "a string has a control character";
  return `it ends too early, at ${placeIn(text, start + json.length)}`;
}

/** As editors count. */
function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}
