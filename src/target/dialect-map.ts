import type { Dialect } from "../core/dialect.ts";
import { ModelError } from "../core/error.ts";
import { isWireName, WIRE_NAMES, type WireName } from "../core/wire-name.ts";
import { anthropic } from "../dialects/anthropic/dialect.ts";
import { google } from "../dialects/google/dialect.ts";
import { openaiChat, openaiResponses } from "../dialects/openai/dialects.ts";

/** The wire formats, by their name in `custom_llm_provider`. */
const DIALECTS: Readonly<Record<WireName, Dialect>> = {
  openai: openaiChat,
  "openai-responses": openaiResponses,
  anthropic,
  google,
};

export function dialectNamed(name: string): Dialect {
  if (isWireName(name)) return DIALECTS[name];
  const message = `unknown wire format "${name}"; known wire formats: ${WIRE_NAMES.join(", ")}`;
  throw new ModelError({ code: "unsupported", message });
}
