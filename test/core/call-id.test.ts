import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { newCallId } from "../../src/core/call-id.ts";

test("ids are unique and sort by creation", () => {
  const ids = Array.from({ length: 40_000 }, (_, index) => newCallId(1_800_000_000_000 + Math.floor(index / 7_000)));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  expect(ids.every((id) => /^[0-9a-hjkmnp-tv-z]{26}$/.test(id))).toBe(true);
});

test("ids of two processes differ at the same moment", () => {
  const file = JSON.stringify(new URL("../../src/core/call-id.ts", import.meta.url).href);
  const id = () =>
    execFileSync(process.execPath, ["-e", `import(${file}).then((m) => console.log(m.newCallId(1e12)))`]);
  expect(String(id())).not.toBe(String(id()));
});
