import { type Model, type RunResult, type ToolCall, tool } from "modelwright";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

declare const model: Model;

const weather = tool({
  name: "weather",
  parameters: z.object({ city: z.string(), days: z.number().default(1) }),
  execute: ({ city, days }, { signal, callId }) => {
    expectTypeOf({ city, days }).toEqualTypeOf<{ city: string; days: number }>();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(callId).toEqualTypeOf<string>();
    return city;
  },
});
const list = tool({ name: "list", inputSchema: z.object({ path: z.string() }), execute: ({ path }) => path });

type WeatherCall = ToolCall<"weather", { city: string; days?: number | undefined }>;
type ListCall = ToolCall<"list", { path: string }>;

describe("tools", () => {
  it("type the calls of a reply, with the arguments that the model wrote", async () => {
    const reply = await model.codegen("Hello", { tools: [weather, list] });
    expectTypeOf(reply.toolCalls).toEqualTypeOf<readonly (WeatherCall | ListCall)[]>();
    for (const call of reply.toolCalls) if (call.name === "list") expectTypeOf(call.arguments.path).toBeString();
    const { toolCalls } = await model.stream("Hello", { tools: { weather } }).reply;
    expectTypeOf(toolCalls).toEqualTypeOf<readonly WeatherCall[]>();
  });

  it("type the calls of a run, of its steps and of its callbacks", async () => {
    const result = await model.run("Hello", {
      tools: [weather],
      stopWhen: (steps) => steps.some(({ reply }) => reply.toolCalls.some(({ name }) => name === "weather")),
      onStep: ({ reply }) => expectTypeOf(reply.toolCalls).toEqualTypeOf<readonly WeatherCall[]>(),
    });
    expectTypeOf(result).toEqualTypeOf<RunResult<WeatherCall>>();
    expectTypeOf(result.pending).toEqualTypeOf<readonly WeatherCall[]>();
    expectTypeOf(await model.session().runStream("Hello", { tools: [list] }).result).toEqualTypeOf<
      RunResult<ListCall>
    >();
  });

  it("give unknown arguments for JSON Schema, and names as keys of an object", async () => {
    const raw = tool({ name: "raw", parameters: { type: "object" }, execute: (args) => args["n"] });
    const { toolCalls } = await model.codegen("Hello", { tools: [raw] });
    expectTypeOf(toolCalls).toEqualTypeOf<readonly ToolCall<"raw">[]>();
    const named = await model.codegen("Hello", {
      tools: { search: tool({ parameters: z.object({ q: z.string() }) }) },
    });
    expectTypeOf(named.toolCalls).toEqualTypeOf<readonly ToolCall<"search", { q: string }>[]>();
  });

  it("refuse options that do not exist", () => {
    // @ts-expect-error misspelled
    model.run("Hello", { maxStep: 3 });
    // @ts-expect-error misspelled beside tools
    model.codegen("Hello", { tools: [weather], temprature: 1 });
    // @ts-expect-error misspelled
    tool({ name: "x", exec: () => 1 });
  });
});
