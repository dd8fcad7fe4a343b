import type { FlowEvent, TokenLogprob } from "../../core/event.ts";
import { listIn, objectIn } from "./wire-value.ts";

/** An event for a list of log probabilities; none for an empty list. */
export function logprobsIn(list: unknown, sample: number): readonly FlowEvent[] {
  const tokens = listIn(list).filter(isToken);
  return tokens.length === 0 ? [] : [{ type: "logprobs", tokens, sample }];
}

function isToken(value: unknown): value is TokenLogprob {
  const { token, logprob } = objectIn(value) ?? {};
  return typeof token === "string" && typeof logprob === "number";
}

/** With the fields that the API requires; streams of the Responses API have no bytes. */
export function completeLogprobs(tokens: readonly TokenLogprob[]): Required<TokenLogprob>[] {
  return tokens.map((token) => ({
    ...withBytes(token),
    top_logprobs: (token.top_logprobs ?? []).map(withBytes),
  }));
}

function withBytes({ token, logprob, bytes }: TokenLogprob): Required<Omit<TokenLogprob, "top_logprobs">> {
  return { token, logprob, bytes: bytes ?? [...Buffer.from(token)] };
}
