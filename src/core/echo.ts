import { withoutPrompt } from "./prompt-echo.ts";
import { redact, withoutKeys } from "./secret.ts";
import type { Exchange } from "./transport.ts";

/** The text of an error response without the parts of the request that it repeats: credentials and the prompt. */
export function withoutEcho(text: string, { secrets, prompt }: Pick<Exchange, "secrets" | "prompt">): string {
  const clean = redact(text, secrets?.() ?? []);
  return prompt === undefined ? clean : withoutPrompt(clean, prompt());
}

/** Whether a cause from other code repeats anything of the request in any of its strings. */
export function hasEcho(cause: unknown, exchange: Pick<Exchange, "secrets" | "prompt">): boolean {
  const texts = stringsIn(cause).join("\n");
  return withoutEcho(texts, exchange) !== texts;
}

/** Whether a cause from other code contains anything that looks like a key. */
export function hasKeys(cause: unknown): boolean {
  return stringsIn(cause).some((text) => withoutKeys(text) !== text);
}

const MAX_DEPTH = 6;
const MAX_VALUES = 2_000;

/** Every string that inspecting or logging a value could show, including hidden properties, maps and headers. */
function stringsIn(root: unknown): string[] {
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
    // The frames of a stack are safe; the message in front of them may differ from `message`.
    if (key === "stack" && value instanceof Error) return value.stack?.split("\n    at ", 1)[0];
    return Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
  });
  const { entries } = value as { entries?: unknown };
  const isCollection = typeof entries === "function" && !Array.isArray(value);
  return isCollection ? [...own, ...(entries.call(value) as Iterable<unknown>)] : own;
}
