import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { Behaviour } from "./behaviour.ts";
import type { EntryPlan } from "./plan.ts";

/** One request as a provider saw it. */
export interface WireRequest {
  readonly caller: string;
  readonly callId: string;
  readonly entry: string;
  readonly key: string | undefined;
  readonly tryIndex: number;
  readonly startedMs: number;
  /** The text to continue; empty if the request asks for a new answer. */
  readonly before: string;
  /** The complete text of the answer, including `before`. */
  readonly text: string;
  /** The text of its messages. */
  readonly texts: readonly string[];
  readonly maxNewTokens: number | undefined;
  /** Call and attempt, if anything was reserved for it. */
  readonly admission: string | undefined;
  readonly price: EntryPlan["price"];
  /** Prompt tokens as reported; `unreported` is the count of a simple tokenizer, used if nothing is reported. */
  readonly input: number;
  readonly unreported: number;
  readonly behaviour: Behaviour;
  /** Deltas so far. */
  output: number;
  said: string;
  /** `before` and everything added to it so far. */
  told: string;
  endedMs: number | undefined;
  /** When its caller abandoned it. */
  leftMs: number | undefined;
  /** `length`: the token limit ended it. */
  end: "open" | "complete" | "length" | "left" | ModelErrorCode;
  /** The retry-after that it sent. */
  askedMs: number | undefined;
}

/** Whether its call waits for it. */
export function isOpen({ end, leftMs }: WireRequest): boolean {
  return end === "open" && leftMs === undefined;
}

/** Whether its provider reported that the answer is complete. */
export function cameToAnEnd({ end }: WireRequest): boolean {
  return end === "complete" || end === "length";
}

/** The requests whose text comes before this one's, in order. */
export function partsBefore({ before }: WireRequest, earlier: readonly WireRequest[]): readonly WireRequest[] {
  const at = before === "" ? -1 : earlier.findLastIndex((request) => gave(request, before));
  const last = earlier[at];
  return last === undefined ? [] : [...partsBefore(last, earlier.slice(0, at)), last];
}

/** Whether a string was the text when the request had ended, and the request contributed to it. */
function gave(request: WireRequest, text: string): boolean {
  return isAllOf(request, text) && (text !== request.before || request.end === "length");
}

/**
 * Whether a string is the text when the request had ended. Text that may be a repetition is held back, and dropped when
 * the answer breaks or is truncated then; so is whitespace when it breaks after what may be JSON.
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
