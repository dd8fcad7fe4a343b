import { describe, expect, test } from "vitest";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";

const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason: finish }] })}`;
const SAID = `${chunk({ content: "Hel" }, null)}\n\n`;

/** Chunked, with its last chunk: the transport sees nothing wrong. */
async function answering(body: string) {
  const server = await serving(() => ({ body, pieceBytes: 1460 }));
  return modelAt("openai", server.origin);
}

describe("a body that ends cleanly in the middle of an event", () => {
  test("is stream_truncated before the end of the answer", async () => {
    const model = await answering(SAID + chunk({ content: "lo" }, null).slice(0, -9));
    const error = await failureOf(model.stream("hi").reply);
    expect(error).toMatchObject({ code: "stream_truncated", partial: { text: "Hel" } });
  });

  test.each(['data: {"usage": {"prompt', "data: [DO"])(
    "does not affect an answer that is complete: %s",
    async (rest) => {
      const model = await answering(`${SAID}${chunk({ content: "lo" }, "stop")}\n\n${rest}`);
      expect(await model.stream("hi").reply).toMatchObject({ text: "Hello", finishReason: "stop" });
    },
  );

  test("reads a last event without its blank line", async () => {
    const model = await answering(SAID + chunk({ content: "lo" }, "stop"));
    expect(await model.stream("hi").reply).toMatchObject({ text: "Hello", finishReason: "stop" });
  });
});

test.each([
  ['{"id":"c","choices":[{"index":0,"message":{"content":"a \\"quo', "connection_failed"],
  ['{"id":"c","choices":[{"index":0,"message":{"content":"a"}}', "connection_failed"],
  ['{"id":"c"} and more', "protocol_error"],
  ["no JSON at all", "protocol_error"],
])("a body of the announced length that is not JSON: %s is %s", async (body, code) => {
  const server = await serving(() => ({ body }));
  expect(await failureOf(modelAt("openai", server.origin).codegen("hi"))).toMatchObject({ code });
});
