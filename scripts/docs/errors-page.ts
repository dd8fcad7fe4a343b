import { ERROR_CODES, type ErrorRow } from "../../src/index.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";

const RETRY = { never: "no", once: "once", yes: "yes" } as const;
const FALLBACK = {
  general: code("fallback_models"),
  context: code("context_window_fallbacks"),
  policy: code("content_policy_fallbacks"),
  none: "none",
} as const;

/** docs/reference/errors.md */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([name, row]) => errorCells(name, row));
  return page(
    "# Error codes",
    GENERATED,
    `Every call ends in a complete answer or in one \`ModelError\`. Its \`code\` is one of these ${rows.length}; \`isModelError(error, "timed_out")\` tests for one of them.`,
    markdownTable(["code", "meaning", "retried", "fallback list", "opens the breaker", "next key"], rows),
    NOTES,
  );
}

function errorCells(name: string, { meaning, retry, fallback, countsForBreaker, rotatesKey }: ErrorRow): string[] {
  return [code(name), meaning, RETRY[retry], FALLBACK[fallback], yes(countsForBreaker), yes(rotatesKey)];
}

function yes(value: boolean): string {
  return value ? "yes" : "";
}

const NOTES = `**retried**: *yes* is up to \`num_retries\` times, *once* at most one time, on the same model. A provider's
\`x-should-retry\` header overrules the table. **fallback list**: \`fallback_models\` also stands in for an empty
\`context_window_fallbacks\`; \`rate_limited\` and \`quota_exhausted\` go to \`rate_limit_fallbacks\` first if you have one.
**opens the breaker**: one call counts once, however often it was retried. **next key**: with a list of keys, the next
one is tried at once, which uses no retry.

## Fields of a ModelError

| field | is |
|---|---|
| \`code\` | one of the codes above |
| \`message\` | what happened, where, and what to change; never a key |
| \`model\`, \`provider\` | the entry of models.toml that failed, and who serves it |
| \`status\`, \`requestId\` | HTTP status and the provider's id of the request, if there was an answer |
| \`retryAfterMs\` | how long the provider asks to wait |
| \`phase\` | for \`timed_out\`: connect, first-token, silence, idle, attempt or deadline |
| \`partial\` | text, reasoning, tool calls and usage that had arrived |
| \`attempts\` | one row for each request that left, over all models of the call |
| \`errors\` | the error of each model, when a fallback was tried too |
| \`retryable\` | whether the same request may succeed when sent again |
| \`row\` | the code's row of the table above |

When every model of a chain failed with one code, that code is kept; otherwise it is \`all_models_failed\`. A mistake in
models.toml is another class, \`ConfigError\`, with \`problems: { file, line, column, path, message, suggestion? }[]\`.`;
