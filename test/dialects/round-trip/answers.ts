import fc from "fast-check";
import type { FinishReason, FlowEvent } from "../../../src/core/event.ts";
import type { Usage } from "../../../src/core/usage.ts";
import type { Wire } from "../../harness/wires.ts";

const words = fc.oneof(
  fc.constantFrom("Hello.", " ", "\n\n", "{}", "Grüße 🚀"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
);
const deltas = fc.array(words, { minLength: 1, maxLength: 3 });
const opaque = fc.string({ unit: fc.constantFrom(..."abcXYZ019+/="), minLength: 4, maxLength: 16 });
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** Events of one part of an answer; `index` is the number of its first call. */
type Part = (sample: number, index: number) => readonly FlowEvent[];

const text = (signatures: fc.Arbitrary<string | undefined>): fc.Arbitrary<Part> =>
  fc.tuple(deltas, signatures).map(([pieces, signature]) => (sample) => [
    ...pieces.map((piece): FlowEvent => ({ type: "text-delta", text: piece, sample })),
    ...(signature === undefined ? [] : [{ type: "signature", part: "text", signature, sample } as const]),
  ]);

interface Sealed {
  readonly signature: string;
  readonly redacted?: boolean;
}

const reasoning = (sign: (text: string, state: string) => Sealed | undefined): fc.Arbitrary<Part> =>
  fc.tuple(deltas, opaque, fc.boolean()).map(([pieces, state, hidden]) => (sample) => {
    const sealed = sign(pieces.join(""), state);
    const isHidden = sealed?.redacted === true || (hidden && sealed !== undefined && sign("", state) !== undefined);
    const shown = isHidden ? [] : pieces;
    const last = isHidden && sealed?.redacted !== true ? sign("", state) : sealed;
    return [
      ...shown.map((piece): FlowEvent => ({ type: "reasoning-delta", text: piece, sample })),
      ...(last === undefined ? [] : [{ type: "signature", part: "reasoning", ...last, sample } as const]),
    ];
  });

const cutText = (whole: string, cuts: readonly number[]): readonly string[] => {
  const sorted = [0, ...cuts.filter((cut) => cut < whole.length), whole.length].sort((left, right) => left - right);
  return sorted.slice(1).flatMap((to, at) => whole.slice(sorted[at], to) || []);
};

const values = fc
  .dictionary(fc.constantFrom("a", "b c", "ü"), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

const call = (signatures: fc.Arbitrary<string | undefined>): fc.Arbitrary<Part> =>
  fc
    .tuple(fc.constantFrom("get_weather", "f"), values, fc.array(fc.nat(30), { maxLength: 3 }), signatures)
    .map(([name, value, cuts, signature]) => (sample, index) => {
      const id = `call_${sample}_${index}`;
      const json = JSON.stringify(value);
      const ended = { kind: "function" as const, id, name, arguments: value, json };
      return [
        { type: "tool-call-start", index, id, name, sample },
        ...cutText(json, cuts).map((piece): FlowEvent => ({ type: "tool-call-delta", index, json: piece, sample })),
        { type: "tool-call-end", index, call: ended, sample },
        ...(signature === undefined
          ? []
          : [{ type: "signature", part: "tool-call", index, signature, sample } as const]),
      ];
    });

const refusal: fc.Arbitrary<Part> = deltas.map((pieces) => (sample) => {
  return pieces.map((piece): FlowEvent => ({ type: "refusal-delta", text: piece, sample }));
});

/** The parts that a provider of the wire writes, with the state that it gives them. */
const PARTS: Readonly<Record<Wire, fc.Arbitrary<readonly Part[]>>> = {
  // A chat message has no order between its fields.
  openai: fc
    .tuple(
      some(reasoning((said) => (said === "" ? undefined : { signature: "reasoning_content" }))),
      some(text(fc.constant(undefined))),
      fc.array(
        call(some(opaque.map((state) => JSON.stringify({ extra_content: { google: { thought_signature: state } } })))),
        {
          maxLength: 3,
        },
      ),
    )
    .map(([thought, said, calls]) => [thought, said, ...calls].filter((part) => part !== undefined)),
  "openai-responses": mixed(
    reasoning((said, state) => {
      const summary = said === "" ? [] : [{ type: "summary_text", text: said }];
      const signature = JSON.stringify({ id: `rs_${state}`, summary, encrypted_content: state });
      return state.length % 3 === 0 ? undefined : { signature };
    }),
    text(some(fc.constant(JSON.stringify({ phase: "commentary" })))),
    call(fc.constant(undefined)),
  ),
  anthropic: mixed(
    reasoning((_, state) => {
      if (state.length % 3 === 0) return undefined;
      return state.length % 3 === 1 ? { signature: state, redacted: true } : { signature: state };
    }),
    text(fc.constant(undefined)),
    call(fc.constant(undefined)),
  ),
  google: mixed(
    reasoning((_, state) => (state.length % 3 === 0 ? undefined : { signature: state })),
    text(some(opaque)),
    call(some(opaque)),
  ),
};

function mixed(...parts: readonly fc.Arbitrary<Part>[]): fc.Arbitrary<readonly Part[]> {
  return fc.array(fc.oneof(...parts), { maxLength: 5 });
}

/** The state of a whole chat message stands at its end. */
const messageState = opaque.map(
  (state): Part =>
    (sample) => {
      const signature = JSON.stringify({ reasoning_details: [{ type: "reasoning.encrypted", data: state }] });
      return [{ type: "signature", part: "reasoning", signature, sample }];
    },
);

interface Drawn {
  readonly parts: readonly Part[];
  readonly last: Part | undefined;
  readonly refusal: Part | undefined;
  /** Calls end with the answer and not where their arguments do, as on the chat wire. */
  readonly late: boolean;
  readonly ending: "usual" | "length" | "cut" | "unknown";
}

/** Gemini has no refusals: it stops them as forbidden. */
function sampleOf(wire: Wire): fc.Arbitrary<Drawn> {
  return fc.record({
    parts: PARTS[wire],
    last: wire === "openai" ? some(messageState) : fc.constant(undefined),
    refusal: wire === "google" ? fc.constant(undefined) : some(refusal),
    // A call of Gemini's is one part, which stands where the call ends.
    late: wire === "google" ? fc.constant(false) : fc.boolean(),
    ending: fc.constantFrom("usual", "usual", "length", "cut", "unknown"),
  });
}

function eventsOf({ parts, last, refusal: refused, late, ending }: Drawn, sample: number): readonly FlowEvent[] {
  const out: FlowEvent[] = [];
  let calls = 0;
  for (const part of parts) {
    const events = part(sample, calls);
    if (events.some(({ type }) => type === "tool-call-start")) calls += 1;
    out.push(...events);
  }
  const refuses = refused !== undefined && calls === 0 && ending === "usual";
  if (refuses) out.push(...refused(sample, 0));
  if (ending === "cut") {
    out.push({ type: "tool-call-start", index: calls, id: `call_${sample}_cut`, name: "f", sample });
    out.push({ type: "tool-call-delta", index: calls, json: '{"half": "o', sample });
  }
  const usual: FinishReason =
    calls > 0 ? "tool-calls" : refuses ? "refusal" : ending === "unknown" ? "unknown" : "stop";
  const reason = ending === "cut" || ending === "length" ? "length" : usual;
  const isEnd = (event: FlowEvent) =>
    late && (event.type === "tool-call-end" || (event.type === "signature" && event.part === "tool-call"));
  const ordered = [...out.filter((event) => !isEnd(event)), ...out.filter(isEnd)];
  return [...ordered, ...(last?.(sample, calls) ?? []), { type: "finish", reason, sample }];
}

/** Counts that the wire reports. */
function usageOf(wire: Wire): fc.Arbitrary<Usage> {
  const count = fc.nat(1_000);
  return fc
    .record({
      input: count,
      cacheRead: count,
      cacheWrite: wire === "google" ? fc.constant(0) : count,
      plain: fc.integer({ min: 1, max: 1_000 }),
      reasoning: count,
      split: fc.boolean(),
    })
    .map(({ input, cacheRead, cacheWrite, plain, reasoning: thought, split }) => {
      const output = plain + thought;
      const kept = split && cacheWrite > 0 && wire === "anthropic" ? { cacheWrite1h: cacheWrite } : {};
      const total = input + cacheRead + cacheWrite + output;
      return { input, cacheRead, cacheWrite, output, reasoning: thought, total, estimated: false, details: kept };
    });
}

/** Answers as the decoder of the wire gives them; the finishes are the last events. */
export function answersOf(wire: Wire, samples: number): fc.Arbitrary<readonly FlowEvent[]> {
  return fc
    .record({
      drawn: fc.array(sampleOf(wire), { minLength: samples, maxLength: samples }),
      usage: some(usageOf(wire)),
      tier: some(fc.constantFrom("standard", "flex")),
    })
    .map(({ drawn, usage, tier }) => {
      const events = drawn.flatMap(eventsOf);
      const finishes = events.filter(({ type }) => type === "finish");
      return [
        { type: "start", model: "entry", provider: "provider" },
        { type: "response", id: "answer_1", servedModel: "served-model" },
        ...events.filter(({ type }) => type !== "finish"),
        ...(tier === undefined ? [] : [{ type: "response", serviceTier: tier } as const]),
        ...(usage === undefined ? [] : [{ type: "usage", usage } as const]),
        ...finishes,
      ];
    });
}
