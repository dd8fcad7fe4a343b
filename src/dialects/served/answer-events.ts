import type { FlowEvent } from "../../core/event.ts";
import { type Usage, usageOf } from "../../core/usage.ts";
import type { Answer, Sample, SampleCall, SimulatedUsage } from "./answer.ts";
import { deltasOf, jsonDeltasOf } from "./tokens.ts";

/** Provider-specific parts of a simulated answer: ids and signatures. */
export interface AnswerStyle {
  callId(sample: Sample, position: number): string;
  /** The events of the reasoning; empty if the wire does not show it. */
  reasoning(sample: Sample): readonly FlowEvent[];
  textSignature?(sample: Sample): string | undefined;
  callSignature?(sample: Sample, call: SampleCall, position: number): string | undefined;
}

/** A simulated answer as model events. The events of several samples are interleaved. */
export function eventsOf(answer: Answer, style: AnswerStyle, serviceTier: string): readonly FlowEvent[] {
  const columns = answer.samples.map((sample) => sampleEvents(sample, style));
  return [{ type: "response", serviceTier }, { type: "usage", usage: usageIn(answer.usage) }, ...interleaved(columns)];
}

/** The events of one sample: reasoning, text, refusal, tool calls, finish. */
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

/** Deltas of visible reasoning, followed by the signature. */
export function reasoningEvents(text: string, sample: number, signature?: string): readonly FlowEvent[] {
  const deltas = deltasOf(text).map((delta): FlowEvent => ({ type: "reasoning-delta", text: delta, sample }));
  return signature === undefined ? deltas : [...deltas, { type: "signature", part: "reasoning", signature, sample }];
}

/** A call truncated by the token limit has no `tool-call-end`. */
function callEvents(sample: Sample, call: SampleCall, position: number, style: AnswerStyle): readonly FlowEvent[] {
  const place = { index: position, sample: sample.index };
  const { name, json } = call;
  const id = style.callId(sample, position);
  const signature = style.callSignature?.(sample, call, position);
  const ended = { kind: "function", id, name, arguments: call.arguments, json } as const;
  return [
    { type: "tool-call-start", id, name, ...place },
    ...jsonDeltasOf(json).map((delta): FlowEvent => ({ type: "tool-call-delta", json: delta, ...place })),
    ...(isComplete(call) ? [{ type: "tool-call-end", call: ended, ...place } as const] : []),
    ...(signature === undefined ? [] : [{ type: "signature", part: "tool-call", signature, ...place } as const]),
  ];
}

export function isComplete(call: SampleCall): boolean {
  return call.json === JSON.stringify(call.arguments);
}

/** Usage in which `input` excludes cache reads and writes. */
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
