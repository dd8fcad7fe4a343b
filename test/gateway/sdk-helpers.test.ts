import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { expect, it } from "vitest";
import { z } from "zod";
import { anthropicAt, openaiAt } from "./clients.ts";
import { world } from "./world.ts";

/* The helpers of the SDKs put streams together again and check the order of their events. */

const CITY = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] };
const MESSAGES = [{ role: "user" as const, content: "Call weather and time for Oslo." }];

it("chat.completions.stream() puts reasoning, text and parallel calls together", async () => {
  const { url } = await world();
  const tools = ["weather", "time"].map((name) => ({
    ...{ type: "function" as const, function: { name, parameters: CITY } },
  }));
  for (const model of ["anthropic", "google", "openai-responses"]) {
    const stream = openaiAt(url).chat.completions.stream({
      model,
      messages: MESSAGES,
      tools,
      reasoning_effort: "high",
    });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe("tool_calls");
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { function: { name: "weather", arguments: expect.stringContaining("city") } },
      { function: { name: "time" } },
    ]);
  }
});

it("responses.stream() puts reasoning, text and parallel calls together", async () => {
  const { url } = await world();
  const tools = ["weather", "time"].map((name) => ({
    type: "function" as const,
    name,
    parameters: CITY,
    strict: false,
  }));
  for (const model of ["anthropic", "google", "openai"]) {
    const request = { model, input: MESSAGES, tools, reasoning: { effort: "high" as const, summary: "auto" as const } };
    const { output, status } = await openaiAt(url).responses.stream(request).finalResponse();
    const calls = output.filter(({ type }) => type === "function_call");
    expect({ status, calls }).toMatchObject({ status: "completed", calls: [{ name: "weather" }, { name: "time" }] });
  }
});

it("messages.stream() puts thinking, text and parallel calls together", async () => {
  const { url } = await world({ lines: "num_retries = 0\nmax_new_tokens = 4000" });
  const tools = ["weather", "time"].map((name) => ({ name, input_schema: CITY }));
  const thinking = { type: "enabled" as const, budget_tokens: 2_000 };
  for (const model of ["openai", "google", "openai-responses", "anthropic"]) {
    const stream = anthropicAt(url).messages.stream({ model, max_tokens: 4_000, messages: MESSAGES, tools, thinking });
    const { content, stop_reason, usage } = await stream.finalMessage();
    expect(stop_reason).toBe("tool_use");
    expect(usage.output_tokens).toBeGreaterThan(0);
    const calls = content.filter(({ type }) => type === "tool_use");
    expect(calls).toMatchObject([{ name: "weather", input: { city: expect.any(String) } }, { name: "time" }]);
  }
});

it("tool loops of the SDKs run to their end", async () => {
  const { url } = await world();
  const run = ({ city }: { city: string }) => `snow in ${city}`;
  const runner = openaiAt(url).chat.completions.runTools({
    ...{ model: "anthropic", messages: MESSAGES },
    tools: [
      {
        type: "function",
        function: { name: "weather", description: "Weather", parameters: CITY, parse: JSON.parse, function: run },
      },
    ],
  });
  expect(await runner.finalContent()).toContain("[simulated");
  const weather = betaZodTool({
    ...{ name: "weather", description: "Weather", inputSchema: z.object({ city: z.string() }), run },
  });
  const request = { model: "google", max_tokens: 500, messages: MESSAGES, tools: [weather] };
  const { content } = await anthropicAt(url).beta.messages.toolRunner(request).runUntilDone();
  expect(JSON.stringify(content)).toContain("[simulated");
});

it("parse() gives objects of a zod schema", async () => {
  const { url } = await world();
  const Person = z.object({ name: z.string(), age: z.number().int() });
  const format = zodResponseFormat(Person, "person");
  const chat = await openaiAt(url).chat.completions.parse({
    model: "google",
    messages: MESSAGES,
    response_format: format,
  });
  const text = { format: zodTextFormat(Person, "person") };
  const response = await openaiAt(url).responses.parse({ model: "anthropic", input: "A person", text });
  for (const parsed of [chat.choices[0]?.message.parsed, response.output_parsed])
    expect(Person.safeParse(parsed).success).toBe(true);
});
