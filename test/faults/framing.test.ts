import { describe, expect, it } from "vitest";
import type { FaultServerOptions, LineEnd } from "../../src/testing/index.ts";
import { describeWith } from "../harness/needs.ts";
import { CASES, type Case, optionsOf, testOf } from "./cases.ts";
import { expectRun } from "./expect-run.ts";
import { runScript } from "./run-script.ts";

type Framing = Pick<FaultServerOptions, "split" | "eol">;

const ENDS: readonly LineEnd[] = ["\n", "\r\n", "\r"];
const SPLITS = [1, 2, 3, 7, 16, 1460];

/** Every size and every line end, and each size with one of them. */
const OF_EVENTS: readonly Framing[] = [
  ...ENDS.slice(1).map((eol) => ({ eol })),
  ...SPLITS.map((split, index) => ({ split, eol: ENDS[index % ENDS.length] as LineEnd })),
  { split: 1, eol: "\r\n" },
  { split: 1, eol: "\r" },
];
const OF_BYTES: readonly Framing[] = SPLITS.map((split) => ({ split }));

/** For further wires and the other method of a row, whose framing is the same code. */
const FEW: readonly Framing[] = [
  { split: 1, eol: "\r" },
  { split: 7, eol: "\r\n" },
];

const EVENTS = ["sse", "okstream"];

function framingsOf(one: Case): readonly Framing[] {
  if (one.wire !== one.run.wires[0] || one.method !== "stream") return FEW;
  const steps = optionsOf(one).server.attempts?.flat() ?? [];
  return steps.some(([name]) => EVENTS.includes(name)) ? OF_EVENTS : OF_BYTES;
}

const cases = CASES.filter(({ run, id, wire, method }) => {
  if (run.oneFraming !== undefined) return false;
  return !id.startsWith("own-") || (wire === run.wires[0] && method === "stream");
});

describe.concurrent("cuts and line ends change nothing:", () => {
  for (const one of cases)
    testOf(one.id, one.place)(one.title, async () => {
      for (const framing of framingsOf(one)) {
        const options = optionsOf(one);
        const { withinMs: _, ...outcome } = one.outcome;
        expectRun(await runScript({ ...options, server: { ...options.server, ...framing } }), outcome);
      }
    });
});

describeWith("reference", "with the catalogue", () => {
  it("cuts the scripts of the catalogue", () => {
    expect(CASES.filter(({ id }) => !id.startsWith("own-")).length).toBeGreaterThan(100);
  });
});
