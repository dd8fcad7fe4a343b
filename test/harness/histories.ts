import fc from "fast-check";
import type { Message, ReasoningPart, ToolCallPart } from "../../src/core/message.ts";
import { seal, sign } from "../../src/dialects/served/signature.ts";
import type { Wire } from "./wires.ts";

/** A signature as created by the simulated provider of a wire, and the part of it that must be sent back. */
export interface Proof {
  readonly signature: string;
  readonly opaque: string;
}

/** Reasoning of a wire's own provider; `undefined` for a wire without signatures. */
export const THOUGHT_PROOFS: Readonly<Record<Wire, ((text: string, redacted: boolean) => Proof) | undefined>> = {
  openai: undefined,
  "openai-responses": (text) => {
    const opaque = seal("reasoning", text);
    return { opaque, signature: JSON.stringify({ id: `rs_${text.length}`, summary: [], encrypted_content: opaque }) };
  },
  anthropic: (text, redacted) => {
    const opaque = redacted ? seal("redacted", text) : sign("thinking", text);
    return { opaque, signature: opaque };
  },
  google: (text) => {
    const opaque = seal("thought", text);
    return { opaque, signature: opaque };
  },
};

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const words = fc.oneof(
  fc.constantFrom("hello", " ", "\n\n", "tail \n", "a\u0000b", "\ud800", "ok"),
  fc.string({ minLength: 1, maxLength: 12, unit: "binary" }),
);
const ids = fc.uniqueArray(fc.constantFrom("a", "b", "a.b", "a b", "ü", "call_1", "x".repeat(70)), { maxLength: 3 });
const names = fc.constantFrom("f", "get weather", "ns.tool", "1st", "ünï");

const user: fc.Arbitrary<Message> = fc.oneof(
  words.map((content) => ({ role: "user" as const, content })),
  words.map((text) => {
    return {
      role: "user" as const,
      content: [
        { type: "text" as const, text },
        { type: "image" as const, data: PIXEL, mediaType: "image/png" },
      ],
    };
  }),
);

const thought = (wire: Wire, provider: string): fc.Arbitrary<ReasoningPart> =>
  fc.tuple(words, fc.constantFrom("own", "foreign", "none"), fc.boolean()).map(([given, owner, redacted]) => {
    const text = given.toWellFormed();
    const proof = owner === "own" ? THOUGHT_PROOFS[wire]?.(text, redacted) : undefined;
    if (proof !== undefined) {
      const hidden = redacted && wire === "anthropic";
      const shown = hidden ? { text: "", redacted } : { text };
      return { type: "reasoning", ...shown, signature: proof.signature, owner: provider };
    }
    const foreign = owner === "foreign" ? { signature: "of somebody else", owner: "elsewhere" } : {};
    return { type: "reasoning", text, ...foreign };
  });

const call = (id: string, name: string, wire: Wire, owner: string): ToolCallPart => {
  const given = { city: "Paris", more: [id] };
  const signed = wire === "google" ? { signature: sign("call", [name, given]), owner } : {};
  return { type: "tool-call", id, name, arguments: given, ...(name === "f" && signed) };
};

/** A model's message with the results of its calls: in any order, in one message or several. */
const exchange = (wire: Wire, provider: string): fc.Arbitrary<Message[]> =>
  fc
    .record({
      thoughts: fc.array(thought(wire, provider), { maxLength: 2 }),
      text: words,
      ids,
      name: names,
      reversed: fc.boolean(),
      apart: fc.boolean(),
    })
    .map(({ thoughts, text, ids: calls, name, reversed, apart }) => {
      const parts = [
        ...thoughts,
        { type: "text" as const, text },
        ...calls.map((id) => call(id, name, wire, provider)),
      ];
      const results = calls.map((id) => ({ type: "tool-result" as const, id, content: `of ${id}` }));
      if (reversed) results.reverse();
      const answered: Message[] = apart
        ? results.map((one) => ({ role: "tool", content: [one] }))
        : [{ role: "tool", content: results }];
      return [{ role: "assistant", content: parts }, ...(calls.length > 0 ? answered : [])];
    });

const system = words.map((content): Message[] => [{ role: "system", content }]);

/** Conversations as a program would keep them: every call has a result, nothing is empty. */
export const properHistory = (wire: Wire, provider: string): fc.Arbitrary<readonly Message[]> =>
  fc
    .tuple(
      user,
      fc.array(
        fc.oneof(
          user.map((one) => [one]),
          exchange(wire, provider),
          system,
        ),
        { maxLength: 6 },
      ),
    )
    .map(([first, groups]) => [first, ...groups.flat()]);

/** Conversations with anything missing, duplicated or out of order. */
export const anyHistory = (wire: Wire, provider: string): fc.Arbitrary<readonly Message[]> =>
  fc
    .tuple(
      properHistory(wire, provider),
      fc.array(fc.tuple(fc.constantFrom("drop", "double", "swap"), fc.nat(12)), { maxLength: 3 }),
    )
    .map(([messages, edits]) => {
      const out = [...messages];
      for (const [edit, at] of edits) {
        const one = out[at];
        if (one === undefined) continue;
        if (edit === "drop") out.splice(at, 1);
        else if (edit === "double") out.splice(at, 0, one);
        else out.splice(at, 2, ...out.slice(at, at + 2).reverse());
      }
      return out;
    });
