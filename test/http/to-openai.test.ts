import { describe, expect, it } from "vitest";
import { toOpenAI } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { hasOpenaiSchema, validateChatResponse } from "../harness/openai-schema.ts";
import { WIRES } from "../harness/wires.ts";
import { type WrittenAnswer, writtenAnswer } from "../harness/written-answer.ts";

describe("a reply in OpenAI's format", () => {
  const answers: Readonly<Record<string, WrittenAnswer>> = {
    text: { text: "Hello." },
    calls: { text: "Let me look.", calls: [{ id: "c1", name: "weather", args: { city: "Oslo" } }] },
    cut: { text: "Once upon", reason: "length" },
  };
  it.each(WIRES.flatMap((wire) => Object.keys(answers).map((name) => [name, wire] as const)))(
    "has the %s of an answer on the %s wire",
    async (name, wire) => {
      const answer = answers[name] as WrittenAnswer;
      const server = await serving((request) => writtenAnswer(wire, request, answer));
      const reply = await modelAt(wire, server.origin).codegen("Hello", { tools: [{ name: "weather" }] });
      const completion = toOpenAI(reply);
      if (hasOpenaiSchema) validateChatResponse(JSON.parse(JSON.stringify(completion)));
      expect(completion).toMatchObject({ object: "chat.completion", model: "asked", usage: { total_tokens: 15 } });
      const [choice] = completion.choices;
      expect(choice?.message.content).toBe(answer.text);
      expect(choice?.finish_reason).toBe({ text: "stop", calls: "tool_calls", cut: "length" }[name]);
      const called =
        name === "calls" ? [{ id: "c1", function: { name: "weather", arguments: '{"city":"Oslo"}' } }] : undefined;
      if (called === undefined) expect(choice?.message.tool_calls).toBeUndefined();
      else expect(choice?.message.tool_calls).toMatchObject(called);
    },
  );

  it("has a choice for each sample", async () => {
    let asked = 0;
    const server = await serving((request) => writtenAnswer("anthropic", request, { text: `Answer ${++asked}` }));
    const reply = await modelAt("anthropic", server.origin).codegen("Hello", { samples: 2 });
    const { choices } = toOpenAI(reply);
    expect(choices.map(({ index, message }) => [index, message.content]).sort()).toEqual([
      [0, "Answer 1"],
      [1, "Answer 2"],
    ]);
  });
});
