import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallInput } from "../../src/core/call.ts";
import type { Embedder } from "../../src/core/embedder.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import type { Message } from "../../src/core/message.ts";
import type { Target } from "../../src/core/target.ts";
import { vectorIn, vectorText } from "../../src/core/vector-bytes.ts";
import { cache } from "../../src/layers/cache.ts";
import { CacheCounts } from "../../src/layers/cache-counts.ts";
import { similarityOf, unitVector } from "../../src/layers/vectors.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { callOf, INPUT, read, targetOf } from "../harness/call-of.ts";
import { FakeClock } from "../harness/fake-clock.ts";

const ANSWER: readonly FlowEvent[] = [
  { type: "start", model: "main", provider: "scripted" },
  { type: "text-delta", text: "hello", sample: 0 },
  { type: "finish", reason: "stop", sample: 0 },
];

/** A cache of one process. All questions have the same vector, unless `embed` says otherwise. */
function setUp(embed: Embedder = async (texts) => texts.map(() => [1, 0]), maxAnswerBytes = 1e8) {
  const clock = new FakeClock();
  const counts = new CacheCounts();
  const store = new MemoryStore({ maxEntries: 10_000, maxBytes: 1e8 }, clock);
  const settings = {
    ttlMs: 1e9,
    namespace: "n",
    maxAnswerBytes,
    semantic: { model: "m", threshold: 0.92, timeoutMs: 1_000 },
  };
  const layer = cache(store, settings, { counts, clock, embed });
  const ask = async (input: Partial<CallInput>, target: Partial<Target> = {}) => {
    const call = callOf({ clock, input: { ...INPUT, ...input }, target: targetOf("main", target) });
    await read(
      layer(call, async function* () {
        yield ANSWER;
      }),
    );
    return call.record.cached?.outcome ?? "miss";
  };
  return { ask, counts, store };
}

const user = (content: Extract<Message, { role: "user" }>["content"]): Message => ({ role: "user", content });
const image = (data: string) => ({ type: "image", data, mediaType: "image/png" }) as const;

/** Everything that makes an answer that of another question, besides the text of the last message. */
type Change = readonly [what: string, input: Partial<CallInput>, target: Partial<Target>];
const CHANGES: readonly Change[] = [
  ["an earlier message", { messages: [user("before"), { role: "assistant", content: "yes" }, user("LAST")] }, {}],
  ["an earlier image", { messages: [user([image("b25l")]), { role: "assistant", content: "yes" }, user("LAST")] }, {}],
  ["another image", { messages: [user([image("dHdv")]), { role: "assistant", content: "yes" }, user("LAST")] }, {}],
  ["the user", { settings: { user: "ann" } }, {}],
  ["the user of the entry", {}, { settings: { user: "ann" } }],
  ["the scope", { scopes: ["team"] }, {}],
  ["a wider scope", { scopes: ["company", "team"] }, {}],
  ["the namespace", { cacheNamespace: "other" }, {}],
  ["the system prompt", { system: "be brief" }, {}],
  ["the prelude", { prelude: [user("x")] }, {}],
  ["a parameter", { settings: { temperature: 0.1 } }, {}],
  ["a tool", { settings: { tools: [{ name: "look", parameters: { type: "object" } }] } }, {}],
  ["the choice of a tool", { settings: { toolChoice: "none" } }, {}],
  ["the output schema", { settings: { responseFormat: { type: "json", schema: { type: "object" } } } as never }, {}],
  ["the samples", { samples: 2 }, {}],
  ["the request among several", { batch: 1 }, {}],
  ["the extra body", { extraBody: { a: 1 } }, {}],
  ["the extra headers", { extraHeaders: { a: "1" } }, {}],
  ["the provider", {}, { provider: "other" }],
  ["the model id", {}, { modelId: "other" }],
  ["the address", {}, { address: { baseUrl: "http://127.0.0.1:10" } }],
  ["instructions of the entry", {}, { system: "x" }],
  ["messages of the entry", {}, { prelude: [user("x")] }],
  ["the extra body of the entry", {}, { extraBody: { a: 1 } }],
];

describe("the semantic cache", () => {
  it("never uses an answer if anything but the text of the last message differs", async () => {
    const changes = fc.uniqueArray(fc.constantFrom(...CHANGES), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(changes, changes, async (left, right) => {
        const merged = (some: readonly Change[]) => {
          const messages = some.findLast(([, input]) => input.messages !== undefined)?.[1].messages ?? [user("LAST")];
          const settings = Object.assign({}, ...some.map(([, input]) => input.settings));
          return {
            input: Object.assign({}, ...some.map(([, input]) => input), { settings, messages }) as Partial<CallInput>,
            target: Object.assign({}, ...some.map(([, , target]) => target)) as Partial<Target>,
          };
        };
        const [one, two] = [merged(left), merged(right)];
        const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(two));
        const { ask } = setUp();
        const asked = ({ input, target }: typeof one, text: string) =>
          ask({ ...input, messages: [...(input.messages ?? []).slice(0, -1), user(text)] }, target);
        expect(await asked(one, "first")).toBe("miss");
        expect(await asked(two, "second")).toBe(isSame ? "semantic" : "miss");
        expect(await asked(one, "third")).toBe("semantic");
      }),
    );
  });

  it.each(CHANGES)("separates calls that differ in %s", async (_, input, target) => {
    const { ask } = setUp();
    const messages = (text: string) => ({ messages: [...(input.messages ?? []).slice(0, -1), user(text)] });
    expect(await ask({ messages: [user("one")] })).toBe("miss");
    expect(await ask({ ...input, ...messages("two") }, target)).toBe("miss");
    expect(await ask({ ...input, ...messages("three") }, target)).toBe("semantic");
    expect(await ask({ messages: [user("four")] })).toBe("semantic");
  });

  it("keeps a limited number of vectors for each partition, the newest ones", async () => {
    const { ask, store } = setUp(async (texts) =>
      texts.map((text) => Array.from({ length: 300 }, (_, index) => (index === Number(text) ? 1 : 0))),
    );
    const at = (index: number) => ask({ messages: [user(String(index))] });
    for (let index = 0; index < 260; index++) await at(index);
    // The answers of equal calls are still there; what was forgotten is that they answer similar ones.
    expect(store.size().entries).toBe(261);
    const similar = (index: number) => ask({ messages: [user(`${index}.0`)] });
    expect(await similar(259)).toBe("semantic");
    expect(await similar(4)).toBe("semantic");
    expect(await similar(3)).toBe("miss");
  });

  it("bounds the size of a partition by the size of the cache", async () => {
    const { ask, store } = setUp(
      async (texts) => texts.map((text) => Array.from({ length: 256 }, (_, index) => (index === Number(text) ? 1 : 0))),
      8_000,
    );
    const at = (text: string) => ask({ messages: [user(text)] });
    for (const text of ["1", "2", "3"]) await at(text);
    expect(await at("3.0")).toBe("semantic");
    expect(await at("2.0")).toBe("miss");
    expect(store.size().bytes).toBeLessThan(8_000);
  });

  it("compares with the threshold exactly as the cosine says", () => {
    const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const [one, two] = [unitVector(left), unitVector(right)];
        const norm = (vector: readonly number[]) => Math.hypot(...vector);
        fc.pre(norm(left) > 1e-6 && norm(right) > 1e-6);
        const cosine =
          left.reduce((sum, number, index) => sum + number * (right[index] ?? 0), 0) / norm(left) / norm(right);
        expect(one && two && similarityOf(one, two)).toBeCloseTo(cosine, 5);
        expect(one && vectorIn(vectorText(one))).toEqual(one);
      }),
    );
  });

  it("never compares vectors of different lengths", () => {
    expect(similarityOf(Float32Array.of(1, 0), Float32Array.of(1, 0, 0))).toBeUndefined();
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => [key, sorted(inner)])
    .sort(([left], [right]) => (String(left) < String(right) ? -1 : 1));
}
