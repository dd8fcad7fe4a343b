import { invalidInput, kindOf, type Loose, shownValue, stringAt } from "../../core/invalid-input.ts";

const PARTS: Readonly<Record<string, readonly string[]>> = {
  user: ["text", "file"],
  assistant: ["text", "reasoning", "tool-call", "tool-result", "file", "reasoning-file", "custom"],
  tool: ["tool-result", "tool-approval-response"],
};

/**
 * Checks the structure of a prompt; frameworks may call the model without the checks of the AI SDK.
 * @throws ModelError `invalid_request` with the place.
 */
export function checkPrompt(prompt: unknown): void {
  for (const [index, message] of arrayAt(prompt, "prompt").entries()) checkMessage(message, `prompt[${index}]`);
}

function checkMessage(message: unknown, path: string): void {
  const { role, content } = objectAt(message, path);
  if (role === "system") {
    stringAt(content, `${path}.content`);
    return;
  }
  const types = typeof role === "string" && Object.hasOwn(PARTS, role) ? PARTS[role] : undefined;
  if (types === undefined) throw invalidInput(path, `unknown role ${shownValue(role)}`);
  const parts = arrayAt(content, `${path}.content`);
  for (const [index, part] of parts.entries()) checkPart(part, types, `${path}.content[${index}]`);
}

function checkPart(value: unknown, types: readonly string[], path: string): void {
  const part = objectAt(value, path);
  const { type } = part;
  if (!types.includes(type as string))
    throw invalidInput(path, `unknown part type ${shownValue(type)}; expected ${types.join(", ")}`);
  if (type === "file") checkFile(part, path);
  if (type === "tool-result") checkOutput(objectAt(part["output"], `${path}.output`), `${path}.output`);
}

function checkOutput({ type, value }: Loose, path: string): void {
  if (type === "json" || type === "error-json") jsonAt(value, `${path}.value`);
  if (type !== "content") return;
  for (const [index, item] of arrayAt(value, `${path}.value`).entries()) {
    const at = `${path}.value[${index}]`;
    const part = objectAt(item, at);
    if (part["type"] !== "text" && part["type"] !== "custom") checkFile(part, at);
  }
}

function checkFile(part: Loose, path: string): void {
  stringAt(part["mediaType"], `${path}.mediaType`);
  const at = `${path}.data`;
  const { type, text, data, url, originalUrl } = objectAt(part["data"], at);
  if (type === "text") stringAt(text, `${at}.text`);
  else if (type === "data" && !(data instanceof Uint8Array)) stringAt(data, `${at}.data`);
  else if (type === "url" && originalUrl === undefined) stringAt(objectAt(url, `${at}.url`)["href"], `${at}.url.href`);
}

/**
 * A value as JSON.
 * @throws ModelError `invalid_request` for a value without JSON, such as a bigint or a cyclic object.
 */
export function jsonAt(value: unknown, path: string): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // Reported below, without the value.
  }
  if (json === undefined) throw invalidInput(path, `expected a value that JSON can represent, got ${kindOf(value)}`);
  return json;
}

export function objectAt(value: unknown, path: string): Loose {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidInput(path, `expected an object, got ${kindOf(value)}`);
  return value as Loose;
}

function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidInput(path, `expected an array, got ${kindOf(value)}`);
  return value;
}
