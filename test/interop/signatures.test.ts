import {
  convertToModelMessages,
  generateText,
  isStepCount,
  type ModelMessage,
  readUIMessageStream,
  streamText,
  tool,
  type UIMessage,
} from "ai";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { languageModel } from "../../src/interop/ai-sdk.ts";
import type { SeenRequest } from "../harness/wire-server.ts";
import type { Wire } from "../harness/wires.ts";
import type { WrittenAnswer } from "../harness/written-answer.ts";
import { bodyOf, modelThat } from "./conversation.ts";

type Tree = Readonly<Record<string, never>>;

/** Wires whose provider wants opaque data back: how it signs, and what a later request has to repeat, in order. */
const SIGNING = {
  anthropic: {
    sign: (opaque: string) => opaque,
    returned: ({ messages }: { messages: { content: Tree[] | string }[] }) =>
      messages
        .flatMap(({ content }) => (typeof content === "string" ? [] : content))
        .flatMap((block) => block["signature"] ?? block["data"] ?? []),
  },
  "openai-responses": {
    sign: (opaque: string) => JSON.stringify({ id: `rs_${opaque.length}`, summary: [], encrypted_content: opaque }),
    returned: ({ input }: { input: Tree[] }) => input.flatMap((item) => item["encrypted_content"] ?? []),
  },
  google: {
    sign: (opaque: string) => opaque,
    returned: ({ contents }: { contents: { parts: Tree[] }[] }) =>
      contents.flatMap(({ parts }) => parts).flatMap((part) => part["thoughtSignature"] ?? []),
  },
} satisfies Partial<Record<Wire, { sign: (opaque: string) => string; returned: (body: never) => unknown[] }>>;
type Signing = keyof typeof SIGNING;

const tools = {
  look: tool({ inputSchema: z.object({ at: z.string() }), execute: ({ at }) => `saw ${at}` }),
};

const opaque = fc.base64String({ minLength: 4, maxLength: 40 });
const words = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter((text) => text.trim() !== "");

interface Turn {
  readonly answer: WrittenAnswer;
  /** What the answer signs, in order. */
  readonly signed: readonly string[];
}

/** An answer that reasons and calls tools, signed as the provider of the wire does. */
const turn = (wire: Signing): fc.Arbitrary<Turn> =>
  fc
    .record({
      thoughts: fc.array(fc.tuple(words, opaque, fc.boolean()), { minLength: 1, maxLength: 2 }),
      text: words,
      proof: opaque,
      calls: fc.integer({ min: 1, max: 2 }),
    })
    .map(({ thoughts, text, proof, calls }) => {
      const { sign } = SIGNING[wire];
      const reasoning = thoughts.map(([thought, seal, hidden]) =>
        hidden && wire === "anthropic"
          ? { text: "", signature: sign(seal), redacted: true }
          : { text: thought, signature: sign(seal) },
      );
      // Gemini signs the first of several calls.
      const own = wire === "google" ? { signature: proof } : {};
      const made = Array.from({ length: calls }, (_, index) => ({
        id: `c${index}`,
        name: "look",
        args: { at: text },
        ...(index === 0 && own),
      }));
      const seals = thoughts.map(([, seal]) => seal);
      return { answer: { reasoning, text, calls: made }, signed: wire === "google" ? [...seals, proof] : seals };
    });

const returnedIn = (wire: Signing, request: SeenRequest | undefined): unknown[] =>
  SIGNING[wire].returned(bodyOf(request) as never);

describe.each(Object.keys(SIGNING) as Signing[])("signatures on the %s wire", (wire) => {
  it("return with the next step, of generateText and of streamText", async () => {
    await fc.assert(
      fc.asyncProperty(turn(wire), fc.boolean(), async ({ answer, signed }, streaming) => {
        const { model, server } = await modelThat(wire, [answer, { text: "Done." }]);
        const call = { model: languageModel(model), prompt: "Look.", tools, stopWhen: isStepCount(3) };
        const text = await (streaming ? streamText(call) : await generateText(call)).text;
        expect(text).toBe("Done.");
        expect(returnedIn(wire, server.requests[1])).toEqual(signed);
      }),
      { numRuns: 6 },
    );
  });

  it("survive the messages of a UI and JSON", async () => {
    const [{ answer, signed }] = fc.sample(turn(wire), { numRuns: 1, seed: 7 }) as [Turn];
    const { model, server } = await modelThat(wire, [answer, { text: "Done." }, { text: "Again." }]);
    const result = streamText({ model: languageModel(model), prompt: "Look.", tools, stopWhen: isStepCount(3) });
    let shown: UIMessage | undefined;
    for await (const message of readUIMessageStream({ stream: result.toUIMessageStream() })) shown = message;
    const asked: UIMessage = { id: "1", role: "user", parts: [{ type: "text", text: "Look." }] };
    const again: UIMessage = { id: "3", role: "user", parts: [{ type: "text", text: "Again?" }] };
    const history = JSON.parse(JSON.stringify([asked, shown, again])) as UIMessage[];
    const messages: ModelMessage[] = await convertToModelMessages(history, { tools });
    expect((await generateText({ model: languageModel(model), messages })).text).toBe("Again.");
    expect(returnedIn(wire, server.requests[2])).toEqual(signed);
  });
});
