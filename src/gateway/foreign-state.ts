import type { AssistantMessage, Message, ReasoningPart } from "../core/message.ts";
import { outsideSignature } from "../core/same-wire.ts";
import { parseJson } from "../dialects/served/json.ts";

/*
 * Opaque state of one provider in the slot that another provider's wire format has for it. A client returns it unchanged, and
 * the next request takes it out again, with its owner.
 */

const PREFIX = "mw1.";
const WRAPPED = /mw1\.[\w-]+/g;

export interface State {
  readonly owner: string;
  readonly signature: string;
  /** The reasoning that the signature is for, if clients do not return it reliably. */
  readonly text?: string;
  readonly redacted?: boolean;
}

/** State in a form that `unwrapped` recognizes, also inside JSON. */
export function wrapped({ owner, signature, text = "", redacted = false }: State): string {
  const more = redacted || text !== "" ? [text, redacted] : [];
  return PREFIX + Buffer.from(JSON.stringify([owner, signature, ...more])).toString("base64url");
}

/** All state in a signature: a field of a chat message has that of several parts. */
function unwrapped(signature: string | undefined): readonly State[] {
  return [...(signature ?? "").matchAll(WRAPPED)].flatMap(([match]) => {
    const value = parseJson(Buffer.from(match.slice(PREFIX.length), "base64url").toString());
    const [owner, inner, text, redacted] = Array.isArray(value) ? (value as unknown[]) : [];
    if (typeof owner !== "string" || typeof inner !== "string") return [];
    const signature = outsideSignature(inner);
    if (signature === "") return [];
    return [{ owner, signature, ...(typeof text === "string" && { text }), ...(redacted === true && { redacted }) }];
  });
}

type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

/** The newest calls of a turn; the state of each is read from the store. */
const MAX_CALLS = 1_000;

/** The ids of calls without state in the current turn, for which a provider may require it. */
export function callsWithoutState(messages: readonly Message[]): readonly string[] {
  const turn = messages.slice(messages.findLastIndex(({ role }) => role === "user") + 1);
  const ids = turn.flatMap(({ role, content }) => {
    if (role !== "assistant" || typeof content === "string") return [];
    return content.flatMap((part) => (part.type === "tool-call" && part.signature === undefined ? [part.id] : []));
  });
  return [...new Set(ids)].slice(-MAX_CALLS);
}

/** The messages with the state of their calls, by id. */
export function withCallStates(messages: readonly Message[], states: ReadonlyMap<string, string>): readonly Message[] {
  if (states.size === 0) return messages;
  return messages.map((message) => {
    const { role, content } = message;
    if (role !== "assistant" || typeof content === "string") return message;
    return { role, content: content.map((part) => withCallState(part, states)) };
  });
}

function withCallState(part: AssistantPart, states: ReadonlyMap<string, string>): AssistantPart {
  const state = part.type === "tool-call" ? states.get(part.id) : undefined;
  return state === undefined || part.signature !== undefined ? part : ownState({ ...part, signature: state });
}

/** The messages with the state that was wrapped for this client. `inFields`: it is in fields of the message, not in parts. */
export function withOwners(messages: readonly Message[], inFields: boolean): readonly Message[] {
  return messages.map((message) => {
    const { role, content } = message;
    if (role !== "assistant" || typeof content === "string") return message;
    if (!content.some(({ signature }) => unwrapped(signature).length > 0)) return message;
    return { role, content: inFields ? reasoningFirst(content) : content.map(ownState) };
  });
}

/** A field of a message has lost the place of its state. It has the text, too, which replaces what the client returned. */
function reasoningFirst(parts: readonly AssistantPart[]): readonly AssistantPart[] {
  const reasoning = parts.filter((part) => part.type === "reasoning");
  const states = reasoning.flatMap(({ signature, text }) => unwrapped(signature).map((state) => ({ text, ...state })));
  const others = parts.filter((part) => part.type !== "reasoning").map(ownState);
  return [...(states.length === 0 ? reasoning : states.map(reasoningOf)), ...others];
}

function reasoningOf({ text = "", ...state }: State): ReasoningPart {
  return { type: "reasoning", text, ...state };
}

function ownState(part: AssistantPart): AssistantPart {
  const [state] = unwrapped(part.signature);
  if (state === undefined) return part;
  const { owner, signature, redacted } = state;
  return { ...part, owner, signature, ...(part.type === "reasoning" && redacted && { redacted }) };
}
