import type { FlowEvent } from "../../core/event.ts";
import { type Usage, usageOf } from "../../core/usage.ts";
import type { Answer, Sample, SampleCall, SimulatedUsage } from "./answer.ts";
import { deltasOf, jsonDeltasOf } from "./tokens.ts";

/** What a provider adds to a made-up answer: ids, and proofs that it came from there. */
export interface AnswerStyle {
  callId(sample: Sample, position: number): string;
  /** The events of the reasoning; none where it is not shown at all. */
  reasoning(sample: Sample): readonly FlowEvent[];
  textSignature?(sample: Sample): string | undefined;
  callSignature?(sample: Sample, call: SampleCall, position: number): string | undefined;
}

/** A made-up answer as a model would have given it. The samples are produced side by side: their events take turns. */
export function eventsOf(answer: Answer, style: AnswerStyle, serviceTier: string): readonly FlowEvent[] {
  const columns = answer.samples.map((sample) => sampleEvents(sample, style));
  return [{ type: "response", serviceTier }, { type: "usage", usage: usageIn(answer.usage) }, ...interleaved(columns)];
}

/** The parts of one sample in the order in which a model produces them, and its end. */
export function sampleEvents(sample: Sample, style: AnswerStyle): readonly FlowEvent[] {
  const { index, text, refusal, calls, finish } = sample;
  const signature = text === "" ? undefined : style.textSignature?.(sample);
  return [
    ...style.reasoning(sample),
    ...deltasOf(text).map((delta): FlowEvent => ({ type: "text-delta", text: delta, sample: index })),
    ...(signature === undefined ? [] : [{ type: "signature", part: "text", signature, sample: index } as const]),
    ...deltasOf(refusal).map((delta): FlowEvent => ({ type: "refusal-delta", text: delta, sample: index })),
    ...calls.flatMap((call, position) => callEvents(sample, call, position, style)),
    { type: "finish", reason: finish, sample: index },
  ];
}

/** Reasoning that is shown, with the signature that ends it. */
export function reasoningEvents(text: string, sample: number, signature?: string): readonly FlowEvent[] {
  const deltas = deltasOf(text).map((delta): FlowEvent => ({ type: "reasoning-delta", text: delta, sample }));
  return signature === undefined ? deltas : [...deltas, { type: "signature", part: "reasoning", signature, sample }];
}

/** A call that the token limit cut has no end. */
function callEvents(sample: Sample, call: SampleCall, position: number, style: AnswerStyle): readonly FlowEvent[] {
  const place = { index: position, sample: sample.index };
  const { name, json } = call;
  const id = style.callId(sample, position);
  const signature = style.callSignature?.(sample, call, position);
  const ended = { kind: "function", id, name, arguments: call.arguments, json } as const;
  return [
    { type: "tool-call-start", id, name, ...place },
    ...jsonDeltasOf(json).map((piece): FlowEvent => ({ type: "tool-call-delta", json: piece, ...place })),
    ...(isWhole(call) ? [{ type: "tool-call-end", call: ended, ...place } as const] : []),
    ...(signature === undefined ? [] : [{ type: "signature", part: "tool-call", signature, ...place } as const]),
  ];
}

export function isWhole(call: SampleCall): boolean {
  return call.json === JSON.stringify(call.arguments);
}

/** The counts, with the cached parts of the prompt apart. */
export function usageIn(usage: SimulatedUsage): Usage {
  const { cacheRead, cacheWrite5m, cacheWrite1h } = usage;
  const cacheWrite = cacheWrite5m + cacheWrite1h;
  return usageOf({
    input: Math.max(0, usage.input - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    output: usage.output,
    reasoning: usage.reasoning,
    details: { cacheWrite5m, cacheWrite1h },
  });
}

function interleaved<T>(columns: readonly (readonly T[])[]): readonly T[] {
  const rows = Math.max(0, ...columns.map((column) => column.length));
  return Array.from({ length: rows }, (_, row) => columns.flatMap((column) => column.slice(row, row + 1))).flat();
}
