import { objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

/** The fields that the API needs to recognize its reasoning item; the signature of a reasoning part. */
export interface ReasoningSignature {
  readonly id: string;
  readonly summary: { type: "summary_text"; text: string }[];
  readonly encrypted_content?: string;
}

export function signReasoning(item: WireObject): string | undefined {
  const id = textIn(item["id"]);
  if (id === undefined) return undefined;
  const encrypted = textIn(item["encrypted_content"]);
  return JSON.stringify({
    id,
    summary: summaryOf(item),
    ...(encrypted !== undefined && { encrypted_content: encrypted }),
  });
}

/** `undefined` for a signature of another wire format. */
export function readReasoningSignature(signature: string | undefined): ReasoningSignature | undefined {
  const item = parseObject(signature);
  const id = textIn(item?.["id"]);
  if (item === undefined || id === undefined) return undefined;
  const encrypted = textIn(item["encrypted_content"]);
  return { id, summary: summaryOf(item), ...(encrypted !== undefined && { encrypted_content: encrypted }) };
}

function summaryOf(item: WireObject): ReasoningSignature["summary"] {
  return objectsIn(item["summary"]).map((part) => ({ type: "summary_text", text: textIn(part["text"]) ?? "" }));
}

/** Calls of the provider's tool types are identified by their item id; functions are not. */
export function signItem(item: WireObject): string | undefined {
  const [id, type] = [textIn(item["id"]), textIn(item["type"])];
  return id === undefined || type === "function_call" ? undefined : JSON.stringify({ id, type });
}

export function readItemId(signature: string | undefined): string | undefined {
  return textIn(parseObject(signature)?.["id"]);
}

/** Newer models mark text before tool calls as commentary and require the mark in the history. */
export function signText(item: WireObject): string | undefined {
  const phase = textIn(item["phase"]);
  return phase === undefined ? undefined : JSON.stringify({ phase });
}

export function readTextSignature(signature: string | undefined): string | undefined {
  return textIn(parseObject(signature)?.["phase"]);
}

/** Whether a signature is from this wire format. */
export function isResponsesSignature(signature: string): boolean {
  return readReasoningSignature(signature) !== undefined || readTextSignature(signature) !== undefined;
}

function parseObject(text: string | undefined): WireObject | undefined {
  if (text?.startsWith("{") !== true) return undefined;
  try {
    return objectIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}
