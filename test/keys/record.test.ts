import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { keyTest } from "./key-test.ts";
import { entry, factoryOf, PROMPT, simulate } from "./world.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "modelwright-record-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

keyTest("record", "is off without this table, and needs a file", async () => {
  const simulator = await simulate();
  const baseDir = folder();
  await factoryOf(entry("openai", simulator), { baseDir }).create().codegen(PROMPT);
  expect(() => factoryOf(`[record]\nmode = "record"\n${entry("openai", simulator)}`)).toThrow("[record] needs a file");
});

keyTest("record.mode", async () => {
  const simulator = await simulate();
  const baseDir = folder();
  const ask = (mode: string) =>
    factoryOf(`[record]\nmode = "${mode}"\nfile = "t.jsonl"\n${entry("openai", simulator)}`, { baseDir })
      .create()
      .safeCodegen(PROMPT);
  expect((await ask("passthrough")).ok).toBe(true);
  expect(existsSync(join(baseDir, "t.jsonl"))).toBe(false);
  expect((await ask("record")).ok).toBe(true);
  expect(simulator.requests).toHaveLength(2);
  expect((await ask("replay")).ok).toBe(true);
  expect(simulator.requests).toHaveLength(2);
});

keyTest("record.file", "is relative to models.toml, and must exist for a replay", async () => {
  const simulator = await simulate();
  const baseDir = folder();
  const toml = (mode: string) => `[record]\nmode = "${mode}"\nfile = "tapes/own.jsonl"\n${entry("openai", simulator)}`;
  expect(() => factoryOf(toml("replay"), { baseDir })).toThrow('does not exist; record it with mode = "record"');
  await factoryOf(toml("record"), { baseDir }).create().codegen(PROMPT);
  expect(readFileSync(join(baseDir, "tapes/own.jsonl"), "utf8")).toContain(PROMPT);
});

keyTest("record.timing", async () => {
  const simulator = await simulate({ script: [{ delayMs: 300 }] });
  const baseDir = folder();
  const took = async (lines: string) => {
    const toml = `[record]\nfile = "t.jsonl"\n${lines}\n${entry("openai", simulator)}`;
    const started = performance.now();
    await factoryOf(toml, { baseDir }).create().codegen(PROMPT);
    return performance.now() - started;
  };
  await took('mode = "record"');
  expect(await took('mode = "replay"\ntiming = "recorded"')).toBeGreaterThanOrEqual(290);
  expect(await took('mode = "replay"')).toBeLessThan(290);
  await expect(took('mode = "record"\ntiming = "none"')).rejects.toThrow('has an effect only with mode = "replay"');
});
