import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadDotEnv } from "../../src/config/dotenv.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-dotenv-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("variables of the file are added, and those already set win", () => {
  const path = join(folder, ".env");
  writeFileSync(path, '# keys\nFIRST="from file"\nSECOND=two\nEMPTY=\n');
  const env: Record<string, string | undefined> = { SECOND: "already" };
  expect(loadDotEnv(path, env).toSorted()).toEqual(["EMPTY", "FIRST"]);
  expect(env).toEqual({ FIRST: "from file", SECOND: "already", EMPTY: "" });
});

test("a missing file adds nothing", () => {
  const env = {};
  expect(loadDotEnv(join(folder, "nowhere"), env)).toEqual([]);
  expect(env).toEqual({});
});
