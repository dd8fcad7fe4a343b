import { AzureOpenAI } from "openai";
import { describe, expect, it } from "vitest";
import { bench, collect, PERSON_SCHEMA, type Person, PIXEL, TIME_SCHEMA, WEATHER_SCHEMA } from "./sdk-clients.ts";

const MODEL = "gpt-4o";
const asked = (content: string) => [{ role: "user" as const, content }];
const WEATHER = {
  type: "function" as const,
  function: { name: "get_weather", description: "Current weather of a city", parameters: WEATHER_SCHEMA },
};
const TIME = {
  type: "function" as const,
  function: { name: "get_time", description: "Local time in a zone", parameters: TIME_SCHEMA },
};

describe("simulated chat completions, called by the openai SDK", () => {
  it("answers with text that is labeled as simulated and repeats the question", async () => {
    const { openai } = await bench();
    const reply = await openai.chat.completions.create({ model: MODEL, messages: asked("Why is the sky blue?") });
    expect(reply.choices[0]?.message.content).toMatch(/simulated.*Why is the sky blue\?/s);
    expect(reply.choices[0]?.finish_reason).toBe("stop");
    expect(reply.usage?.total_tokens).toBe((reply.usage?.prompt_tokens ?? 0) + (reply.usage?.completion_tokens ?? 0));
    expect(reply._request_id).toMatch(/^req_/);
  });

  it("answers a question about code with a code block", async () => {
    const { openai } = await bench();
    const reply = await openai.chat.completions.create({
      model: MODEL,
      messages: asked("Write a Python function that checks for primes"),
    });
    expect(reply.choices[0]?.message.content).toMatch(/```python\n# simulated[^`]*def is_prime/);
  });

  it("streams the same text and usage as without streaming", async () => {
    const { openai } = await bench();
    const body = { model: MODEL, messages: asked("Tell me about rivers") };
    const whole = await openai.chat.completions.create(body);
    const chunks = await collect(
      await openai.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } }),
    );
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
  });

  it("sends no usage chunk unless requested", async () => {
    const { openai } = await bench();
    const chunks = await collect(
      await openai.chat.completions.create({ model: MODEL, messages: asked("Hello"), stream: true }),
    );
    expect(chunks.some((chunk) => chunk.usage !== undefined)).toBe(false);
  });

  it("calls the tool that the prompt names and quotes its result", async () => {
    const { openai } = await bench();
    const messages = asked("What is the weather in Paris?");
    const first = await openai.chat.completions.create({ model: MODEL, messages, tools: [WEATHER, TIME] });
    const call = first.choices[0]?.message.tool_calls?.[0];
    if (call?.type !== "function") throw new Error("expected a function call");
    expect(first.choices[0]?.finish_reason).toBe("tool_calls");
    expect(first.choices[0]?.message.content).toBeNull();
    expect(JSON.parse(call.function.arguments)).toMatchObject({ city: "Paris" });
    const second = await openai.chat.completions.create({
      model: MODEL,
      messages: [
        ...messages,
        { role: "assistant", tool_calls: [call] },
        { role: "tool", tool_call_id: call.id, content: "21 degrees and sunny" },
      ],
      tools: [WEATHER, TIME],
    });
    expect(second.choices[0]?.message.content).toMatch(/simulated.*get_weather answered 21 degrees and sunny/s);
  });

  it("calls several named tools in parallel, and only one if that is disabled", async () => {
    const { openai } = await bench();
    const body = { model: MODEL, messages: asked("Use get_weather and get_time for Berlin"), tools: [WEATHER, TIME] };
    const names = async (parallel: boolean) => {
      const reply = await openai.chat.completions.create({ ...body, parallel_tool_calls: parallel });
      return reply.choices[0]?.message.tool_calls?.map((call) => (call.type === "function" ? call.function.name : ""));
    };
    expect(await names(true)).toEqual(["get_weather", "get_time"]);
    expect(await names(false)).toEqual(["get_weather"]);
  });

  it("streams parallel tool calls by index, with arguments in chunks", async () => {
    const { openai } = await bench();
    const body = { model: MODEL, messages: asked("Use get_weather and get_time for Berlin"), tools: [WEATHER, TIME] };
    const whole = await openai.chat.completions.create(body);
    const joined = await openai.chat.completions.stream(body).finalChatCompletion();
    expect(joined.choices[0]?.message.tool_calls).toMatchObject(whole.choices[0]?.message.tool_calls ?? []);
    expect(joined.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it("respects tool_choice: required, named, none", async () => {
    const { openai } = await bench();
    const called = async (tool_choice: "required" | "none" | { type: "function"; function: { name: string } }) => {
      const reply = await openai.chat.completions.create({
        model: MODEL,
        messages: asked("Hello"),
        tools: [WEATHER, TIME],
        tool_choice,
      });
      return reply.choices[0]?.message.tool_calls?.map((call) => (call.type === "function" ? call.function.name : ""));
    };
    expect(await called("required")).toEqual(["get_weather"]);
    expect(await called({ type: "function", function: { name: "get_time" } })).toEqual(["get_time"]);
    expect(await called("none")).toBeUndefined();
  });

  it("returns JSON that satisfies the schema", async () => {
    const { openai } = await bench();
    const reply = await openai.chat.completions.parse({
      model: MODEL,
      messages: asked("Invent a person"),
      response_format: { type: "json_schema", json_schema: { name: "person", schema: PERSON_SCHEMA, strict: true } },
    });
    const person = reply.choices[0]?.message.parsed as unknown as Person;
    expect(person.name).toContain("simulated");
    expect(person.age).toBeGreaterThanOrEqual(18);
    expect(person.tags.length).toBeGreaterThan(0);
  });

  it("returns an object in plain JSON mode, which requires the word in the prompt", async () => {
    const { openai } = await bench();
    const ask = (content: string) =>
      openai.chat.completions.create({
        model: MODEL,
        messages: asked(content),
        response_format: { type: "json_object" },
      });
    const reply = await ask("Answer in JSON");
    expect(JSON.parse(reply.choices[0]?.message.content ?? "")).toMatchObject({ simulated: true });
    await expect(ask("Answer")).rejects.toMatchObject({ status: 400, param: "messages" });
  });

  it("counts reasoning as part of the output if an effort is requested", async () => {
    const { openai } = await bench();
    const tokens = async (reasoning_effort: "none" | "low" | "high") => {
      const reply = await openai.chat.completions.create({
        model: "gpt-5",
        messages: asked("Think"),
        reasoning_effort,
      });
      return reply.usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    };
    const [none, low, high] = [await tokens("none"), await tokens("low"), await tokens("high")];
    expect(none).toBe(0);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(low);
  });

  it("shows the reasoning of a reasoner model as text", async () => {
    const { openai } = await bench();
    const body = { model: "deepseek-reasoner", messages: asked("Think") };
    const reply = await openai.chat.completions.create(body);
    const message = reply.choices[0]?.message as unknown as { reasoning_content: string };
    const chunks = await collect(await openai.chat.completions.create({ ...body, stream: true }));
    const deltas = chunks.flatMap((chunk) =>
      chunk.choices.map(({ delta }) => (delta as { reasoning_content?: string }).reasoning_content ?? ""),
    );
    expect(message.reasoning_content).toContain("simulated reasoning");
    expect(deltas.join("")).toBe(message.reasoning_content);
  });

  it("mentions images and files", async () => {
    const { openai } = await bench();
    const reply = await openai.chat.completions.create({
      model: MODEL,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What do you see?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
            { type: "file", file: { filename: "report.pdf", file_data: "data:application/pdf;base64,JVBERg==" } },
          ],
        },
      ],
    });
    expect(reply.choices[0]?.message.content).toContain("2 attachments: image/png, report.pdf");
  });

  it("returns the requested number of distinct samples, streamed or not", async () => {
    const { openai } = await bench();
    const body = { model: MODEL, messages: asked("Pick a colour"), n: 3 };
    const reply = await openai.chat.completions.create(body);
    const texts = reply.choices.map((choice) => choice.message.content);
    const chunks = await collect(await openai.chat.completions.create({ ...body, stream: true }));
    const streamed = ["", "", ""];
    for (const { choices } of chunks) for (const { index, delta } of choices) streamed[index] += delta.content ?? "";
    expect(new Set(texts).size).toBe(3);
    expect(streamed).toEqual(texts);
  });

  it("stops at the token limit, and the next request returns the rest", async () => {
    const { openai } = await bench();
    const body = { model: MODEL, messages: asked("Tell me about rivers") };
    const whole = (await openai.chat.completions.create(body)).choices[0]?.message.content;
    const cut = await openai.chat.completions.create({ ...body, max_tokens: 8 });
    expect(cut.choices[0]?.finish_reason).toBe("length");
    expect(cut.usage?.completion_tokens).toBe(8);
    const begun = cut.choices[0]?.message.content ?? "";
    const rest = await openai.chat.completions.create({
      ...body,
      messages: [...body.messages, { role: "assistant", content: begun }],
    });
    expect(begun + rest.choices[0]?.message.content).toBe(whole);
  });

  it("applies the token limit to reasoning first, which can leave no text", async () => {
    const { openai } = await bench();
    const reply = await openai.chat.completions.create({
      model: "gpt-5",
      messages: asked("Think"),
      reasoning_effort: "high",
      max_completion_tokens: 10,
    });
    expect(reply.choices[0]).toMatchObject({ finish_reason: "length", message: { content: "" } });
    expect(reply.usage?.completion_tokens_details?.reasoning_tokens).toBe(10);
  });

  it("respects stop sequences", async () => {
    const { openai } = await bench();
    const reply = await openai.chat.completions.create({ model: MODEL, messages: asked("Rivers"), stop: ["imul"] });
    expect(reply.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "[s" } });
  });

  it("returns log probabilities of every token", async () => {
    const { openai } = await bench();
    const reply = await openai.chat.completions.create({
      model: MODEL,
      messages: asked("Rivers"),
      logprobs: true,
      top_logprobs: 2,
    });
    const tokens = reply.choices[0]?.logprobs?.content ?? [];
    expect(tokens.map((entry) => entry.token).join("")).toBe(reply.choices[0]?.message.content);
    expect(tokens[0]?.top_logprobs).toHaveLength(2);
  });

  it("reports a repeated prefix of 1024 tokens or more as cached", async () => {
    const { openai } = await bench();
    const system = "All rivers flow to the sea. ".repeat(300);
    const cached = async (question: string) => {
      const messages = [{ role: "system" as const, content: system }, ...asked(question)];
      const reply = await openai.chat.completions.create({ model: MODEL, messages });
      return reply.usage?.prompt_tokens_details?.cached_tokens ?? -1;
    };
    expect(await cached("First?")).toBe(0);
    expect(await cached("Second?")).toBeGreaterThanOrEqual(1024);
  });

  it("serves the dated paths of Azure, whose model is in the path", async () => {
    const { simulator } = await bench();
    const azure = new AzureOpenAI({
      endpoint: simulator.url,
      apiKey: "test-key",
      apiVersion: "2024-10-21",
      deployment: "my-deployment",
      maxRetries: 0,
    });
    const reply = await azure.chat.completions.create({ model: "", messages: asked("Hello") });
    expect(reply.choices[0]?.message.content).toContain("simulated");
    expect(simulator.requests[0]).toMatchObject({
      path: "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21",
      headers: { "api-key": "[masked]" },
    });
  });

  it("lists models and reports rate limits", async () => {
    const { openai } = await bench();
    const models = await collect(await openai.models.list());
    expect(models.map((model) => model.id)).toContain("gpt-4o");
    const { response } = await openai.chat.completions
      .create({ model: MODEL, messages: asked("Hello") })
      .withResponse();
    expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("9999");
    expect(response.headers.get("x-ratelimit-reset-tokens")).toBe("12ms");
  });
});

describe("tools with short names", () => {
  it("are called if their name is a word of the prompt, not if it is part of another word", async () => {
    const { openai } = await bench();
    const tools = [{ type: "function" as const, function: { name: "f" } }];
    const finish = async (content: string) =>
      (await openai.chat.completions.create({ model: MODEL, messages: asked(content), tools })).choices[0]
        ?.finish_reason;
    expect([await finish("Find the first fish"), await finish("Please call f now")]).toEqual(["stop", "tool_calls"]);
  });
});
