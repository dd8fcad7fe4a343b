import { describe, expect, test } from "vitest";
import { isModelError } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

/** Arguments without repetition, which would be rejected for another reason. */
const nested = (depth: number) =>
  `${Array.from({ length: depth }, (_, level) => `{"k${level}":`).join("")}1${"}".repeat(depth)}`;

function callOf(wire: Wire, json: string): string {
  const text = JSON.stringify(json);
  switch (wire) {
    case "openai":
      return `{"id":"c","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":${text}}}]}}]}`;
    case "openai-responses":
      return `{"id":"r","status":"completed","output":[{"type":"function_call","id":"fc","call_id":"t","name":"f","arguments":${text},"status":"completed"}]}`;
    case "anthropic":
      return `{"id":"m","type":"message","role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":${json}}],"stop_reason":"tool_use"}`;
    case "google":
      return `{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":${json}}}]},"finishReason":"STOP"}]}`;
  }
}

describe.each(WIRES)("arguments of a tool call (%s)", (wire) => {
  const options = { tools: [{ name: "f", parameters: { type: "object", properties: {} } }] };
  const ask = async (depth: number, streaming: boolean) => {
    const body = callOf(wire, nested(depth));
    const server = await serving(() => ({ body, headers: { "content-type": "application/json" } }));
    const model = modelAt(wire, server.origin, "num_retries = 0");
    return streaming ? model.stream("Hi", options).reply : model.codegen("Hi", options);
  };

  test.each([true, false])("are accepted 400 levels deep (streaming: %s)", async (streaming) => {
    const reply = await ask(400, streaming);
    expect(JSON.stringify(reply.toolCalls[0]?.arguments)).toBe(nested(400));
  });

  test.each([
    [2_000, true],
    [2_000, false],
    [20_000, true],
    [20_000, false],
  ])("are rejected %i levels deep, with an error that JSON can hold (streaming: %s)", async (depth, streaming) => {
    const error = await ask(depth, streaming).catch((failure: unknown) => failure);
    if (!isModelError(error)) throw new Error("expected a ModelError");
    // JSON.stringify cannot serialize such an object; its JSON text can still be parsed.
    const isObject = wire === "anthropic" || wire === "google";
    expect(error.code).toBe(depth > 2_000 && isObject ? "protocol_error" : "invalid_tool_call");
    expect(error.message).toContain("nested too deeply");
    expect(JSON.stringify([error, error.partial ?? null])).toContain(error.code);
  });
});
