import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type Message, type Model, type Part, type RunResult, tool } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { entry } from "../harness/entry.ts";
import { THOUGHT_PROOFS } from "../harness/histories.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { type WrittenAnswer, writtenAnswer } from "../harness/written-answer.ts";

/** Models whose providers check histories most strictly. */
const STRICT_MODELS: Readonly<Record<Wire, string>> = {
  openai: "gpt-4o",
  "openai-responses": "gpt-5",
  anthropic: "claude-sonnet-4-5",
  google: "gemini-3-pro-preview",
};

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const IMAGE = { type: "image", data: PIXEL, mediaType: "image/png" } as const;
const parameters = z.object({ n: z.number() });

const TOOLS = [
  tool({ name: "plain", parameters, execute: ({ n }) => ({ n }) }),
  tool({ name: "silent", parameters, execute: () => undefined }),
  tool({ name: "draws", parameters, execute: () => [{ type: "text", text: "A pixel." }, IMAGE] }),
  tool({ name: "only_draws", parameters, execute: () => [IMAGE] }),
  tool({
    name: "throws",
    parameters,
    execute: () => {
      throw new Error("no disk");
    },
  }),
  tool({ name: "guarded", parameters, needsApproval: true, execute: () => "allowed" }),
  tool({ name: "declared", parameters }),
] as const;

type Drawn = WrittenAnswer & { readonly thought: string };

interface Script {
  readonly answers: readonly Drawn[];
  readonly maxSteps: number;
  /** What the caller does with calls that wait for it. */
  readonly approves: boolean;
}

const calls = fc.array(
  fc.record({
    name: fc.constantFrom(...TOOLS.map(({ name }) => name), "unknown"),
    json: fc.constantFrom(undefined, undefined, undefined, '{"n": 1', '{"n": "one"}', "[1]"),
  }),
  { maxLength: 3 },
);
const answer: fc.Arbitrary<Drawn> = fc
  .record({
    text: fc.constantFrom("", "Let me look.\n"),
    thought: fc.constantFrom("", "Which tool?"),
    calls,
    cut: fc.integer({ min: 0, max: 9 }).map((drawn) => drawn === 0),
  })
  .map(({ text, thought, calls: called, cut }) => ({
    thought,
    text: called.length === 0 || cut ? "Here it is. " : text,
    calls: called.map(({ name, json = '{"n": 1}' }, at) => ({ id: `call_${at}`, name, args: argumentsOf(json), json })),
    ...(cut && { reason: "length" as const }),
  }));
const scripts: fc.Arbitrary<Script> = fc.record({
  answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
  maxSteps: fc.integer({ min: 1, max: 4 }),
  approves: fc.boolean(),
});

/** Gemini's wire has objects as arguments, and gateways send texts. */
function argumentsOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** The answer with reasoning as its provider signs it; chat completions have none. */
function signed(wire: Wire, { thought, ...given }: Drawn): WrittenAnswer {
  const proof = thought === "" ? undefined : THOUGHT_PROOFS[wire]?.(thought, false);
  return proof === undefined ? given : { ...given, reasoning: [{ text: thought, signature: proof.signature }] };
}

/** Runs a script, continuing as its caller would while calls wait. */
async function messagesOf(model: Model, { maxSteps, approves }: Script): Promise<readonly Message[]> {
  const options = { tools: TOOLS, maxSteps };
  let result: RunResult = await model.run("Go.", options);
  for (let turns = 0; turns < 3 && result.pending.length > 0; turns++) {
    const { messages, pending } = JSON.parse(JSON.stringify(result)) as RunResult;
    const approved = pending.filter(({ name }) => approves && name === "guarded").map(({ id }) => id);
    const refused = pending.filter(({ id }) => !approved.includes(id)).map(({ id }) => id);
    result = await model.run([...messages, ...refusals(refused)], { ...options, approved });
  }
  return [...result.messages, ...refusals(result.pending.map(({ id }) => id))];
}

function refusals(ids: readonly string[]): Message[] {
  if (ids.length === 0) return [];
  return [
    { role: "tool", content: ids.map((id) => ({ type: "tool-result", id, content: "not allowed", error: true })) },
  ];
}

describe("the messages of a run", () => {
  it.each(WIRES)("on the %s wire are accepted by all providers", async (wire) => {
    let answers: readonly WrittenAnswer[] = [];
    let asked = 0;
    const server = await serving((request) =>
      writtenAnswer(wire, request, answers[asked++] ?? { text: "That is all." }),
    );
    const model = factoryOf(entry(wire, server.origin, "", { name: STRICT_MODELS[wire] })).get("main");
    const strict = await simulate();
    const readers = new Map<Wire, Model>(
      WIRES.map((reader) => [
        reader,
        factoryOf(entry(reader, strict.url, "", { name: STRICT_MODELS[reader] })).get("main"),
      ]),
    );
    await fc.assert(
      fc.asyncProperty(scripts, async (drawn) => {
        answers = drawn.answers.map((given) => signed(wire, given));
        asked = 0;
        const messages = await messagesOf(model, drawn);
        for (const [reader, next] of readers) {
          const outcome = await next.safeCodegen(messages);
          expect(outcome.ok, `${reader}: ${outcome.ok ? "" : outcome.error.message}`).toBe(true);
        }
      }),
      { numRuns: 12 },
    );
    expect(strict.requests.every(({ status }) => status === 200)).toBe(true);
  });
});

const lookUp = tool({
  name: "look_up",
  parameters: z.object({ word: z.string() }),
  execute: ({ word }) => `meaning of ${word}`,
});
const asks = (wire: Wire, word: string) => ({
  ...(wire !== "openai" && { reasoning: `About ${word}.` }),
  toolCalls: [{ name: "look_up", arguments: { word } }],
});

const resultsIn = (turns: readonly { readonly results: readonly unknown[] }[]) =>
  turns.reduce((sum, { results }) => sum + results.length, 0);

/** The opaque state in the messages, as it must be sent back. */
function statesIn(messages: readonly Message[]): string[] {
  const parts = messages.flatMap(({ content }): readonly Part[] => (typeof content === "string" ? [] : content));
  const signatures = parts.flatMap((part) =>
    "signature" in part && part.signature !== undefined ? [part.signature] : [],
  );
  return signatures.map((text) => (text.startsWith("{") ? JSON.parse(text).encrypted_content : text));
}

describe("a run whose second step is answered by a fallback", () => {
  it.each(WIRES.map((wire, at) => [wire, WIRES[(at + 1) % WIRES.length] as Wire] as const))(
    "returns the state of the %s wire to its provider only, not to the %s wire",
    async (wire, other) => {
      const first = await simulate({
        answers: ({ turns }) => (resultsIn(turns) > 1 ? { text: "Done." } : asks(wire, "one")),
      });
      const second = await simulate({ answers: () => asks(other, "two") });
      first.script({}, { status: 503 });
      const keys = 'reasoning_effort = "low"\nnum_retries = 0\ncircuit_breaker = false\n';
      const factory = factoryOf(
        entry(wire, first.url, `${keys}fallback_models = ["spare"]`, { name: STRICT_MODELS[wire] }) +
          entry(other, second.url, keys, { name: STRICT_MODELS[other], table: "spare" }),
      );
      const { reply, steps, stopReason } = await factory.get("main").run("Go.", { tools: [lookUp] });
      expect([stopReason, reply.text]).toEqual(["done", "Done."]);
      expect(steps.map((step) => step.reply.model)).toEqual(["main", "spare", "main"]);
      // Both providers check the signatures that they are sent.
      expect(first.requests.map(({ status }) => status)).toEqual([200, 503, 200]);
      expect(second.requests.map(({ status }) => status)).toEqual([200]);
      const own = statesIn(steps[0]?.reply.message ? [steps[0].reply.message] : []);
      expect(own.length > 0).toBe(wire !== "openai");
      for (const state of own) {
        expect(JSON.stringify(first.requests[2]?.body)).toContain(state);
        expect(JSON.stringify(second.requests[0]?.body)).not.toContain(state);
      }
    },
  );
});
