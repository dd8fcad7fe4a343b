import { expect, test } from "vitest";
import { modelAt, serving } from "../harness/ask.ts";
import { smallBody, smallStream } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";

/** The answers of these servers report three prompt tokens. */
const WINDOW_OF = (context: number) => `capabilities = { context = ${context} }`;

test.each(WIRES)("a prompt counted above the window is reported once on the %s wire", async (wire) => {
  const server = await serving((_request, index) => (index === 0 ? smallBody(wire) : smallStream(wire)));
  const model = modelAt(wire, server.origin, WINDOW_OF(2));
  const replies = [await model.codegen("Hello"), await model.stream("Hello").reply];
  for (const { text, adjustments } of replies) {
    expect([text, adjustments.length]).toEqual(["fine", 1]);
    expect(adjustments[0]).toMatchObject({ setting: "messages", from: 3, to: 2 });
    expect(adjustments[0]?.reason).toContain("the context window is 2: the host may have truncated the prompt");
  }
});

test.each(WIRES)("a prompt that fills the window is not reported on the %s wire", async (wire) => {
  const server = await serving(() => smallBody(wire));
  expect((await modelAt(wire, server.origin, WINDOW_OF(3)).codegen("Hello")).adjustments).toEqual([]);
});
