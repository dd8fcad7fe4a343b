import { describe, expect, it } from "vitest";
import { describeWith } from "../harness/needs.ts";
import { CASES, testOf } from "./cases.ts";
import { clientWireOf, expectHeard, runThroughGateway } from "./gateway-run.ts";

// Side by side, as in scripts.test.ts.
describe.concurrent("through the gateway, a scripted fault", () => {
  CASES.forEach((one, index) => {
    const client = clientWireOf(one, index);
    testOf(one.id, one.place)(`${one.title}, for a client of ${client}`, async () => {
      expectHeard(await runThroughGateway(one, client), client, one.outcome);
    });
  });
});

describeWith("reference", "with the catalogue", () => {
  it("plays the scripts of the catalogue", () => {
    expect(CASES.filter(({ id }) => !id.startsWith("own-")).length).toBeGreaterThan(100);
  });
});
