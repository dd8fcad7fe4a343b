import type { WireAnswer } from "../contract.ts";

type Tree = Readonly<Record<string, unknown>>;

/** One answer as Gemini streams it, a part a chunk, and as it gives it whole. */
export function answerOf(
  parts: readonly Tree[],
  finishReason = "STOP",
  usageMetadata: Tree = { promptTokenCount: 3, candidatesTokenCount: 2 },
): WireAnswer {
  const frame = { modelVersion: "gemini-test", responseId: "resp-1" };
  const chunk = (candidate: Tree) => ({ candidates: [{ index: 0, ...candidate }], usageMetadata, ...frame });
  const content = (some: readonly Tree[]) => ({ content: { role: "model", parts: some } });
  const events = [
    ...parts.flatMap((part) => halves(part).map((half) => chunk(content([half])))),
    chunk({ ...content([{ text: "" }]), finishReason }),
  ];
  return {
    stream: events.map((data) => ({ data })),
    body: { candidates: [{ ...content(parts), finishReason }], usageMetadata, ...frame },
  };
}

/** Text comes in pieces, its signature with the last one; calls come whole. */
function halves(part: Tree): Tree[] {
  const { text, thoughtSignature, ...rest } = part;
  if (typeof text !== "string") return [part];
  const middle = text.length >> 1;
  return [
    { ...rest, text: text.slice(0, middle) },
    { ...rest, text: text.slice(middle), ...(thoughtSignature !== undefined && { thoughtSignature }) },
  ];
}
