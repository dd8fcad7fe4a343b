import { withoutPrompt } from "./prompt-echo.ts";
import { redact, withoutKeys } from "./secret.ts";
import type { Exchange } from "./transport.ts";

/** Words of a failed answer without what they repeat of its request: credentials, and the prompt. */
export function withoutEcho(text: string, { secrets, prompt }: Pick<Exchange, "secrets" | "prompt">): string {
  const clean = redact(text, secrets?.() ?? []);
  return prompt === undefined ? clean : withoutPrompt(clean, prompt());
}

/** Whether a cause, which others made, repeats anything of the request wherever it keeps its texts. */
export function hasEcho(cause: unknown, exchange: Pick<Exchange, "secrets" | "prompt">): boolean {
  const texts = textsIn(cause).join("\n");
  return withoutEcho(texts, exchange) !== texts;
}

/** Whether a cause, which others made, holds anything that looks like a key. */
export function hasKeys(cause: unknown): boolean {
  return textsIn(cause).some((text) => withoutKeys(text) !== text);
}

const MAX_DEPTH = 6;
const MAX_VALUES = 2_000;

/** Every text that inspecting or logging a value could show: hidden properties, maps and headers included. */
function textsIn(root: unknown): string[] {
  const texts: string[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown, depth: number): void => {
    if (typeof value === "string") texts.push(value);
    if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return;
    if (seen.has(value) || seen.size + texts.length > MAX_VALUES) return;
    seen.add(value);
    if (value instanceof Uint8Array) texts.push(new TextDecoder().decode(value));
    else for (const inner of partsOf(value)) visit(inner, depth + 1);
  };
  visit(root, 0);
  return texts;
}

function partsOf(value: object): unknown[] {
  const own = Reflect.ownKeys(value).map((key) => {
    // The places in a stack are ours; the words before them may be older than the message.
    if (key === "stack" && value instanceof Error) return value.stack?.split("\n    at ", 1)[0];
    return Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
  });
  const { entries } = value as { entries?: unknown };
  const isCollection = typeof entries === "function" && !Array.isArray(value);
  return isCollection ? [...own, ...(entries.call(value) as Iterable<unknown>)] : own;
}
