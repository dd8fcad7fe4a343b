import { expect } from "vitest";
import type { SimulatedUsage } from "../../src/simulator/server.ts";
import type { Wire } from "../harness/wires.ts";
import { keyTest } from "./key-test.ts";
import { answered, ask, entry, simulate } from "./world.ts";

const MILLION = 1_000_000;

/** What one answer with these counts costs. */
async function costOf(
  lines: string,
  usage: Partial<SimulatedUsage>,
  { wire = "openai", extra = "", name = "some-model" }: { wire?: Wire; extra?: string; name?: string } = {},
): Promise<number | null> {
  const simulator = await simulate({ script: [{ answer: { text: "hello", usage } }] });
  const { reply } = await answered(simulator, `${entry(wire, simulator, lines, { name })}\n${extra}`);
  return reply.cost.usd;
}

const PLAIN = { input: MILLION, output: MILLION, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 };

keyTest("models.*.pricing", async () => {
  expect(await costOf("", PLAIN)).toBeNull();
  expect(await costOf("pricing = { input = 3, output = 15 }", PLAIN)).toBe(18);
});

keyTest("models.*.pricing.input", async () => {
  for (const input of [1, 2]) expect(await costOf(`pricing = { input = ${input}, output = 0 }`, PLAIN)).toBe(input);
});

keyTest("models.*.pricing.output", async () => {
  for (const output of [1, 2]) expect(await costOf(`pricing = { input = 0, output = ${output} }`, PLAIN)).toBe(output);
});

keyTest("models.*.pricing.cache_read", async () => {
  const read = { ...PLAIN, cacheRead: MILLION, output: 0 };
  expect(await costOf("pricing = { input = 3, output = 0 }", read)).toBe(3);
  for (const cacheRead of [0.5, 1])
    expect(await costOf(`pricing = { input = 3, output = 0, cache_read = ${cacheRead} }`, read)).toBe(cacheRead);
});

const WRITTEN_5M = { ...PLAIN, cacheWrite5m: MILLION, output: 0 };
const WRITTEN_1H = { ...PLAIN, cacheWrite1h: MILLION, output: 0 };

keyTest("models.*.pricing.cache_write", async () => {
  expect(await costOf("pricing = { input = 3, output = 0 }", WRITTEN_5M, { wire: "anthropic" })).toBe(3);
  for (const written of [WRITTEN_5M, WRITTEN_1H])
    expect(await costOf("pricing = { input = 3, output = 0, cache_write = 4 }", written, { wire: "anthropic" })).toBe(
      4,
    );
});

keyTest("models.*.pricing.{cache_write_5m,cache_write_1h}", async () => {
  const both = "pricing = { input = 3, output = 0, cache_write = 4, cache_write_5m = 5, cache_write_1h = 6 }";
  expect(await costOf(both, WRITTEN_5M, { wire: "anthropic" })).toBe(5);
  expect(await costOf(both, WRITTEN_1H, { wire: "anthropic" })).toBe(6);
});

keyTest("models.*.price_as", async () => {
  expect(await costOf("", PLAIN, { name: "my-deployment" })).toBeNull();
  expect(
    await costOf('price_as = "known"', PLAIN, {
      name: "my-deployment",
      extra: '[pricing."known"]\ninput = 1\noutput = 2',
    }),
  ).toBe(3);
  expect(await costOf('price_as = "gpt-4o"', PLAIN, { name: "my-deployment" })).toBe(12.5);
});

keyTest("models.*.strict_pricing", async () => {
  const simulator = await simulate();
  const refused = await ask(simulator, entry("openai", simulator, "strict_pricing = true"));
  expect(refused.error?.code).toBe("unsupported");
  expect(refused.requests).toHaveLength(0);
  expect(
    (await ask(simulator, entry("openai", simulator, "strict_pricing = true\npricing = { input = 1, output = 1 }")))
      .reply,
  ).toBeDefined();
  expect((await ask(simulator, entry("openai", simulator, "strict_pricing = false"))).reply).toBeDefined();
});

keyTest("pricing", async () => {
  const table = '[pricing."some-model"]\ninput = 1\noutput = 2';
  expect(await costOf("", PLAIN, { extra: table })).toBe(3);
  expect(await costOf("", PLAIN, { extra: table.replace("some", "other") })).toBeNull();
  expect(await costOf("pricing = { input = 10, output = 20 }", PLAIN, { extra: table })).toBe(30);
});

keyTest("pricing.*.{input,output}", async () => {
  expect(await costOf("", PLAIN, { extra: "[pricing.some-model]\ninput = 5\noutput = 0" })).toBe(5);
  expect(await costOf("", PLAIN, { extra: "[pricing.some-model]\ninput = 0\noutput = 6" })).toBe(6);
});

keyTest("pricing.*.{cache_read,cache_write,cache_write_5m,cache_write_1h}", async () => {
  const table = "[pricing.some-model]\ninput = 3\noutput = 0";
  const read = { ...PLAIN, cacheRead: MILLION, output: 0 };
  expect(await costOf("", read, { extra: `${table}\ncache_read = 1` })).toBe(1);
  expect(await costOf("", WRITTEN_5M, { wire: "anthropic", extra: `${table}\ncache_write = 4` })).toBe(4);
  const fine = `${table}\ncache_write_5m = 5\ncache_write_1h = 6`;
  expect(await costOf("", WRITTEN_5M, { wire: "anthropic", extra: fine })).toBe(5);
  expect(await costOf("", WRITTEN_1H, { wire: "anthropic", extra: fine })).toBe(6);
});

/** Some classes of tokens given, the rest as they would be without. */
keyTest("models.*.pricing.{input,cache_read}", async () => {
  const extra = "[pricing.some-model]\ninput = 3\noutput = 5";
  const read = { ...PLAIN, cacheRead: MILLION, output: MILLION };
  // Nothing of this prompt was read at the full rate: 1 for the cache, 5 for the answer.
  expect(await costOf("pricing = { cache_read = 1 }", read, { extra })).toBe(6);
  expect(await costOf("pricing = { input = 7 }", PLAIN, { extra })).toBe(12);
});
