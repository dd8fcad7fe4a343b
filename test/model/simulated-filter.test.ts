import { expect, test } from "vitest";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { WIRES } from "../harness/wires.ts";

test.each(WIRES)("the simulator's filter is a filter on the %s wire", async (wire) => {
  const simulator = await simulate({ script: [{ kind: "filter", times: 2 }] });
  const model = factoryOf(entry(wire, simulator.url, "num_retries = 0")).create();
  expect((await failureOf(model.codegen("Hello."))).code).toBe("content_filtered");
  expect((await failureOf(model.stream("Hello.").reply)).code).toBe("content_filtered");
  expect((await model.codegen("Hello.")).finishReason).toBe("stop");
});
