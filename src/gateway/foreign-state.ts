import type { AssistantMessage, Message, ReasoningPart } from "../core/message.ts";
import { parseJson } from "../dialects/served/json.ts";

/*
 * Opaque state of one provider in the slot that another provider's wire format has for it. A client returns it unchanged, and
 * the next request takes it out again, with its owner.
 */

const PREFIX = "mw1.";
const WRAPPED = /mw1\.[\w-]+/;

/** State in a form that `unwrapped` recognizes, also inside JSON. */
export function wrapped(owner: string, signature: string): string {
  return PREFIX + Buffer.from(JSON.stringify([owner, signature])).toString("base64url");
}

interface State {
  readonly owner: string;
  readonly signature: string;
}

function unwrapped(signature: string | undefined): State | undefined {
  const [text] = WRAPPED.exec(signature ?? "") ?? [];
  if (text === undefined) return undefined;
  const value = parseJson(Buffer.from(text.slice(PREFIX.length), "base64url").toString());
  const [owner, inner] = Array.isArray(value) ? (value as unknown[]) : [];
  return typeof owner === "string" && typeof inner === "string" ? { owner, signature: inner } : undefined;
}

type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

/** The messages with the state that was wrapped for this client. */
export function withOwners(messages: readonly Message[]): readonly Message[] {
  return messages.map((message) => {
    const { role, content } = message;
    if (role !== "assistant" || typeof content === "string") return message;
    if (!content.some(({ signature }) => signature !== undefined && WRAPPED.test(signature))) return message;
    return { role, content: joined(content.map((part) => ({ ...part, ...unwrapped(part.signature) }))) };
  });
}

/** Where a wire has a field for reasoning and another one for its state, both are one part again. */
function joined(parts: readonly AssistantPart[]): readonly AssistantPart[] {
  const texts = parts.filter((part): part is ReasoningPart => part.type === "reasoning" && part.text !== "");
  const states = parts.filter((part): part is ReasoningPart => part.type === "reasoning" && isState(part));
  const [text, state] = [texts[0], states[0]];
  if (text === undefined || state === undefined || texts.length > 1 || states.length > 1) return parts;
  const { signature, owner } = state;
  const whole = { ...text, ...(signature !== undefined && { signature }), ...(owner !== undefined && { owner }) };
  return parts.filter((part) => part !== state).map((part) => (part === text ? whole : part));
}

/** Redacted reasoning has no text and is a part of its own. */
function isState({ text, redacted }: ReasoningPart): boolean {
  return text === "" && redacted !== true;
}
