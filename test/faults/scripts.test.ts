import { describe, expect, it } from "vitest";
import { describeWith } from "../harness/needs.ts";
import { CASES, optionsOf, testOf } from "./cases.ts";
import { expectRun } from "./expect-run.ts";
import { runScript } from "./run-script.ts";

// Side by side: most of the time goes by in waits, and nothing here measures how fast this machine is.
describe.concurrent("a scripted fault", () => {
  for (const one of CASES)
    testOf(one.id, one.place)(one.title, async () => {
      expectRun(await runScript(optionsOf(one)), one.outcome);
    });
});

describeWith("reference", "with the catalogue", () => {
  it("plays the scripts of the catalogue", () => {
    expect(CASES.filter(({ id }) => !id.startsWith("own-")).length).toBeGreaterThan(100);
  });
});
