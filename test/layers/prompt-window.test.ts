import { describe, expect, it } from "vitest";
import type { Target } from "../../src/core/target.ts";
import { PromptWindow } from "../../src/layers/prompt-window.ts";
import { callOf, INPUT, targetOf } from "../harness/call-of.ts";

/** A thousand words and as many tokens, within a few percent. */
const PROMPT = "word ".repeat(1_000);

function windowOf(content = PROMPT) {
  return new PromptWindow(callOf({ input: { ...INPUT, messages: [{ role: "user", content }] } }));
}

function holding(context: number | undefined, fields: Partial<Target> = {}): Target {
  const capabilities = {};
  return targetOf(`holds-${context}`, {
    facts: { known: true, capabilities, ...(context !== undefined && { context }) },
    ...fields,
  });
}

describe("a prompt that is longer than the window", () => {
  it.each([900, 100])("is sent to a primary without alternatives (%i tokens)", (context) => {
    expect(windowOf().refusal(holding(context), true, [])).toBeUndefined();
    expect(windowOf().refusal(holding(context), true, [holding(200)])).toBeUndefined();
  });

  it("is not sent when another target is large enough, or has no known limit", () => {
    for (const other of [holding(5_000), holding(undefined)]) {
      const refused = windowOf().refusal(holding(900), true, [holding(200), other]);
      expect(refused).toMatchObject({ code: "context_too_long", model: "holds-900", provider: "scripted" });
      expect(refused?.message).toMatch(/skipped: the prompt has about 1\d{3} tokens, the context window 900/);
    }
  });

  it("is sent to a fallback only if the estimate may be wrong", () => {
    expect(windowOf().refusal(holding(900), false, [])).toBeUndefined();
    expect(windowOf().refusal(holding(500), false, [])?.code).toBe("context_too_long");
  });
});

describe("a prompt that fits", () => {
  it.each([1_500, undefined])("is sent (%s tokens)", (context) => {
    expect(windowOf().refusal(holding(context), true, [holding(undefined)])).toBeUndefined();
  });

  it("is sent without an estimate when it has fewer characters than the window has tokens", () => {
    expect(windowOf("x".repeat(100)).refusal(holding(100), true, [holding(undefined)])).toBeUndefined();
  });
});

it("counts the instructions and messages of the entry", () => {
  const others = [holding(undefined)];
  expect(windowOf("hi").refusal(holding(900), true, others)).toBeUndefined();
  expect(windowOf("hi").refusal(holding(900, { system: PROMPT }), true, others)?.code).toBe("context_too_long");
  const tools = [{ name: "f", description: PROMPT, parameters: { type: "object" } }];
  expect(windowOf("hi ".repeat(400)).refusal(holding(900, { settings: { tools } }), true, others)?.code).toBe(
    "context_too_long",
  );
  const prelude = [{ role: "user", content: PROMPT }] as const;
  expect(windowOf("hi").refusal(holding(900, { prelude }), true, others)?.code).toBe("context_too_long");
});
