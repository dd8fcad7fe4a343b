import type { LogprobsResult, LogprobsResultCandidate } from "@google/genai";
import type { TokenLogprob } from "../../core/event.ts";

type Tree = Readonly<Record<string, unknown>>;

/** The log probabilities of a candidate, in the format of chat completions. */
export function logprobsIn(result: unknown): readonly TokenLogprob[] {
  if (!isTree(result)) return [];
  const tops = listIn(result["topCandidates"]);
  return listIn(result["chosenCandidates"]).flatMap((chosen, index) => {
    const [token] = tokenIn(chosen);
    if (token === undefined) return [];
    const top = tops[index];
    return [top === undefined ? token : { ...token, top_logprobs: listIn(top["candidates"]).flatMap(tokenIn) }];
  });
}

function tokenIn({ token, logProbability }: Tree): readonly TokenLogprob[] {
  return typeof token === "string" && typeof logProbability === "number" ? [{ token, logprob: logProbability }] : [];
}

/** The same as Gemini reports it. */
export function logprobsResult(tokens: readonly TokenLogprob[]): LogprobsResult {
  return {
    chosenCandidates: tokens.map(candidateOf),
    topCandidates: tokens.map(({ top_logprobs = [] }) => ({ candidates: top_logprobs.map(candidateOf) })),
  };
}

function candidateOf({ token, logprob }: Pick<TokenLogprob, "token" | "logprob">): LogprobsResultCandidate {
  return { token, logProbability: logprob };
}

function listIn(value: unknown): readonly Tree[] {
  return Array.isArray(value) ? value.filter(isTree) : [];
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}
