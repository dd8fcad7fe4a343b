import { ERROR_CODES, type ErrorRow, type ModelErrorCode } from "../../src/index.ts";
import { ERROR_ADVICE, ERROR_GROUPS } from "./error-advice.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";

const RETRY = { never: "no", once: "once", yes: "yes" } as const;
const FALLBACK = {
  general: code("fallback_models"),
  context: code("context_window_fallbacks"),
  policy: code("content_policy_fallbacks"),
  none: "none",
} as const;
const CODES = Object.entries(ERROR_CODES) as readonly (readonly [ModelErrorCode, ErrorRow])[];

/** docs/reference/errors.md */
export function errorsPage(): string {
  return page(
    "# Error codes",
    GENERATED,
    `Every call ends in a complete answer or in one \`ModelError\`. Its \`code\` is one of these ${CODES.length}. \`isModelError(error, "timed_out")\` tests for one of them.`,
    markdownTable(
      ["code", "meaning", "retried", "fallback list", "counts for the breaker", "next key"],
      CODES.map(([name, row]) => errorCells(name, row)),
    ),
    NOTES,
    ...Object.entries(ERROR_GROUPS).flatMap(([group, summary]) => [`## ${group}`, summary, ...sectionsOf(group)]),
    END,
  );
}

function errorCells(name: ModelErrorCode, row: ErrorRow): string[] {
  const { meaning, retry, fallback, countsForBreaker, rotatesKey } = row;
  const link = `[${code(name)}](#${name})`;
  return [
    link,
    meaning,
    name === "timed_out" ? "yes, if no fallback remains" : RETRY[retry],
    FALLBACK[fallback],
    yes(countsForBreaker),
    yes(rotatesKey),
  ];
}

function yes(value: boolean): string {
  return value ? "yes" : "";
}

function sectionsOf(group: string): string[] {
  return CODES.filter(([name]) => ERROR_ADVICE[name].group === group).map(([name, row]) => sectionOf(name, row));
}

function sectionOf(name: ModelErrorCode, row: ErrorRow): string {
  const { steps, fields, note } = ERROR_ADVICE[name];
  return [
    `### ${code(name)}`,
    "",
    row.meaning,
    "",
    `- **Already done:** ${[...alreadyDone(name, row), ...(note === undefined ? [] : [note])].join(" ")}`,
    "- **What to do:**",
    ...steps.map((step) => `  - ${step}`),
    ...(fields.length === 0 ? [] : [`- **Look at:** ${fields.map(code).join(", ")}`]),
  ].join("\n");
}

const RETRIED = {
  never: "No retry.",
  once: "One retry on the same model.",
  yes: "Up to `num_retries` retries on the same model.",
} as const;

const FELL_BACK = {
  general: "Then `fallback_models`.",
  context: "Then `context_window_fallbacks`, or `fallback_models` if that list is not set.",
  policy: "Then `content_policy_fallbacks`, and no other list.",
  none: "No fallback.",
} as const;

/** Codes that go to `rate_limit_fallbacks` first: see `candidatesFor` in src/layers/fallback.ts. */
const RATE_LIMITS: readonly ModelErrorCode[] = ["rate_limited", "quota_exhausted"];

/** The row of a code as sentences. */
function alreadyDone(name: ModelErrorCode, row: ErrorRow): string[] {
  const rateLimit = "Then `rate_limit_fallbacks`, or `fallback_models` if that list is not set.";
  return [
    ...(row.rotatesKey ? ["The other keys of `api_key` were tried."] : []),
    RETRIED[row.retry],
    RATE_LIMITS.includes(name) ? rateLimit : FELL_BACK[row.fallback],
    ...(row.countsForBreaker ? ["The circuit breaker counts it."] : []),
  ];
}

const NOTES = `- **retried**: on the same model. *yes* means up to \`num_retries\` times. A provider's \`x-should-retry\` header takes
  precedence over the table.
- **fallback list**: \`fallback_models\` is used if \`context_window_fallbacks\` is not set. \`rate_limited\` and
  \`quota_exhausted\` use \`rate_limit_fallbacks\` first.
- \`invalid_output\` is retried and falls back only if the provider reports it. If \`object()\` finds it, it asks again up to
  \`repair\` times, and then the error is final.
- **counts for the breaker**: a call counts once, however often it was retried.
- **next key**: if \`api_key\` is an array, the next key is tried at once. This uses no retry.

Once a stream has delivered something, there is no retry and no fallback unless
[\`on_break\`](../guide/streaming.md#when-an-answer-breaks-off) allows it.

## Fields of a ModelError

| field | meaning |
|---|---|
| \`code\` | one of the codes above |
| \`message\` | what happened, where, and what to change; never a key |
| \`model\`, \`provider\` | the entry of models.toml that failed, and its provider |
| \`status\`, \`requestId\` | HTTP status and the provider's request id, if there was a response |
| \`callId\` | the id of the call; log lines have it as \`call\` |
| \`retryAfterMs\` | how long the provider asks to wait |
| \`rateLimit\` | the provider's limits: \`{ requests?, tokens? }\`, each with \`limit\`, \`remaining\`, \`resetMs\` |
| \`phase\` | for \`timed_out\`: connect, first-token, silence, idle, attempt or deadline |
| \`partial\` | text, reasoning, tool calls and usage that had arrived |
| \`attempts\` | one row for each request that was sent, over all models of the call |
| \`errors\` | the error of each model, if a fallback was tried too |
| \`retryable\` | whether the same request may succeed when sent again |
| \`row\` | the code's row of the table above |

For a log, use \`error.details()\`: these fields as plain data, without \`partial\`, which is content. \`JSON.stringify(error)\` is
for a response to your own clients. It gives a body in OpenAI's format, with OpenAI's codes:
\`{ error: { message, type, code } }\`.

\`\`\`ts
import { ModelFactory } from "modelwright";

await using factory = await ModelFactory.load();
const outcome = await factory.create().safeCodegen("Hello", { signal: AbortSignal.abort() });
if (!outcome.ok) {
  console.error(JSON.stringify(outcome.error.details()));
  console.log(outcome.error.details().code);               // prints: aborted
}
\`\`\``;

const END = `## ConfigError

An invalid models.toml throws a \`ConfigError\`, which is another class. It has
\`problems: { file, line, column, path, message, suggestion? }[]\`, with every problem of the file.`;
