import { GrowingJson } from "../core/growing-json.ts";

/** Describes where `text` is not valid JSON, without quoting it. `json` is the part of `text` that was parsed. */
export function jsonMistake(text: string, json: string): string {
  const start = Math.max(0, text.indexOf(json));
  if (!/^\s*[{[]/.test(json)) return "it does not begin with an object or array";
  const reader = new GrowingJson();
  for (let at = 0; at < json.length; at++) {
    if (reader.state === "done") {
      if (json.slice(at).trim() !== "") return `unexpected text after the JSON at ${placeIn(text, start + at)}`;
      break;
    }
    reader.push(json.charAt(at));
    if (reader.state === "broken") return `an unexpected character at ${placeIn(text, start + at)}`;
  }
  // The parser accepts raw line breaks in strings, so another control character was the reason.
  if (reader.state === "done") return "a string has a control character";
  return `unexpected end at ${placeIn(text, start + json.length)}`;
}

/** One-based, as in editors. */
function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}
