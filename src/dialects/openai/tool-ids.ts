import { sha256 } from "../../core/node-crypto.ts";
import type { Quirks } from "../../core/target.ts";

const NINE_ALPHANUMERIC = /^[A-Za-z0-9]{9}$/;
/** OpenAI rejects longer ids; hosts with ids like `functions.name:0` require them unchanged. */
const PLAIN_ID = /^[\x21-\x7e]{1,64}$/;
const NOT_ALPHANUMERIC = /[^A-Za-z0-9]/g;

/** The id of a tool call in the host's format. Depends only on the id, so call and result get the same one. */
export function wireToolId(id: string, rule: Quirks["toolIds"]): string {
  if (rule === "nine-alphanumeric") return NINE_ALPHANUMERIC.test(id) ? id : nineOf(id);
  return PLAIN_ID.test(id) ? id : synthesizeToolId(id);
}

/** An id derived from `seed`: the same seed gives the same id. */
export function synthesizeToolId(seed: string): string {
  return `call_${sha256(seed).slice(0, 24)}`;
}

function nineOf(id: string): string {
  const letters = sha256(id, "base64").replace(NOT_ALPHANUMERIC, "");
  return letters.padEnd(9, "0").slice(0, 9);
}
