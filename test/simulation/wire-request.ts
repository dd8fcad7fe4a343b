import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { Behaviour } from "./behaviour.ts";
import type { EntryPlan } from "./plan.ts";

/** One request as a provider saw it. */
export interface WireRequest {
  readonly caller: string;
  readonly entry: string;
  readonly key: string | undefined;
  readonly tryIndex: number;
  readonly startedMs: number;
  /** What it asks to be gone on with; empty where it asks for an answer from its beginning. */
  readonly before: string;
  /** What a whole answer says, `before` included. */
  readonly text: string;
  /** Texts of its messages. */
  readonly texts: readonly string[];
  readonly maxNewTokens: number | undefined;
  /** Call and attempt, if something was reserved for it. */
  readonly admission: string | undefined;
  readonly price: EntryPlan["price"];
  /** Tokens of the prompt as reported, and, if nothing is, as a plain tokenizer counts them. */
  readonly input: number;
  readonly unreported: number;
  readonly behaviour: Behaviour;
  /** Deltas so far. */
  output: number;
  said: string;
  /** `before` and what was added to it so far. */
  told: string;
  endedMs: number | undefined;
  /** When its caller turned away. */
  leftMs: number | undefined;
  /** `length`: the token limit ended it. */
  end: "open" | "complete" | "length" | "left" | ModelErrorCode;
  /** How long it told its caller to stay away. */
  askedMs: number | undefined;
}

/** Whether its provider said that the answer ends there. */
export function cameToAnEnd({ end }: WireRequest): boolean {
  return end === "complete" || end === "length";
}

/** The requests whose words stand before those of this one, in order. */
export function partsBefore({ before }: WireRequest, earlier: readonly WireRequest[]): readonly WireRequest[] {
  const at = before === "" ? -1 : earlier.findLastIndex((request) => gave(request, before));
  const last = earlier[at];
  return last === undefined ? [] : [...partsBefore(last, earlier.slice(0, at)), last];
}

/** Whether a text was there when the request had ended, which had a part in it. */
function gave(request: WireRequest, text: string): boolean {
  return isAllOf(request, text) && (text !== request.before || request.end === "length");
}

/**
 * Whether a text is what was there when the request had ended. What may be a repetition is held back, and is no news when
 * the answer breaks or is cut then; nor is white space when it breaks behind what may be JSON.
 */
export function isAllOf(request: WireRequest, text: string): boolean {
  const { before, said, told } = request;
  if (text === told || (text === before && before.includes(said))) return true;
  return !cameToAnEnd(request) && told.startsWith(text) && told.slice(text.length).trim() === "";
}

/** How many of the requests ended at the token limit of an entry. */
export function limitedAt(entry: string, requests: readonly WireRequest[]): number {
  return requests.filter((request) => request.entry === entry && request.end === "length").length;
}
