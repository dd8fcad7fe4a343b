import type { Dialect } from "../core/dialect.ts";
import { ModelError } from "../core/error.ts";
import { anthropic } from "../dialects/anthropic/dialect.ts";
import { google } from "../dialects/google/dialect.ts";
import { openaiChat, openaiResponses } from "../dialects/openai/dialects.ts";

/** The wire formats, by the name `custom_llm_provider` takes. */
const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ["openai", openaiChat],
  ["openai-responses", openaiResponses],
  ["anthropic", anthropic],
  ["google", google],
]);

export const BUILT_IN: readonly string[] = [...DIALECTS.keys()];

export function dialectNamed(name: string): Dialect {
  const dialect = DIALECTS.get(name);
  if (dialect === undefined)
    throw new ModelError({
      code: "unsupported",
      message: `there is no wire format "${name}"; there are ${BUILT_IN.join(", ")}`,
    });
  return dialect;
}
