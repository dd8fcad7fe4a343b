import "../harness/agents-listeners.ts";

import { Agent, type Model as AgentModel, run, setTracingDisabled, tool } from "@openai/agents";
import { aisdk } from "@openai/agents-extensions/ai-sdk";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Model } from "../../src/index.ts";
import { languageModel } from "../../src/interop/ai-sdk.ts";
import { modelAt, serving } from "../harness/ask.ts";
import type { WrittenAnswer } from "../harness/written-answer.ts";
import { bodyOf, modelThat } from "./conversation.ts";

beforeAll(() => {
  // The traces of an agent go to OpenAI otherwise.
  setTracingDisabled(true);
});

const weather = tool({
  name: "weather",
  description: "Weather of a city",
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `snow in ${city}`,
});

/** The declarations of the two packages differ under exactOptionalPropertyTypes. */
const agentModel = (model: Model) => aisdk(languageModel(model)) as unknown as AgentModel;

const ANSWERS: readonly WrittenAnswer[] = [
  {
    reasoning: [{ text: "Both cities.", signature: "c2lnbmVk" }],
    calls: [
      { id: "c1", name: "weather", args: { city: "Oslo" } },
      { id: "c2", name: "weather", args: { city: "Rome" } },
    ],
  },
  { text: "Snow everywhere." },
];

describe.each(["openai", "anthropic"] as const)("an agent of the OpenAI Agents SDK on the %s wire", (wire) => {
  it.each([false, true])("calls its tool and answers (stream: %s)", async (stream) => {
    const { model, server } = await modelThat(wire, ANSWERS);
    const agent = new Agent({
      name: "Ann",
      instructions: "Use weather.",
      model: agentModel(model),
      tools: [weather],
    });
    const result = stream ? await run(agent, "Weather?", { stream: true }) : await run(agent, "Weather?");
    if ("completed" in result) await result.completed;
    expect(result.finalOutput).toBe("Snow everywhere.");
    expect(result.rawResponses.map(({ usage }) => usage.totalTokens)).toEqual([15, 15]);
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]?.body).toContain("snow in Rome");
    if (wire !== "anthropic") return;
    const { messages } = bodyOf(server.requests[1]);
    expect(messages[1].content).toMatchObject([
      { type: "thinking", thinking: "Both cities.", signature: "c2lnbmVk" },
      { type: "tool_use", id: "c1" },
      { type: "tool_use", id: "c2" },
    ]);
  });

  it("fails with the ModelError after one request", async () => {
    const server = await serving(() => ({ status: 500, body: "{}" }));
    const agent = new Agent({ name: "Ann", model: agentModel(modelAt(wire, server.origin)) });
    await expect(run(agent, "Hi")).rejects.toMatchObject({ code: "server_error" });
    expect(server.requests).toHaveLength(1);
  });
});
