import {
  type CallOptions,
  type ERROR_CODES,
  type FinishReason,
  isModelError,
  type Model,
  type ModelErrorCode,
  type ModelEvent,
  ModelFactory,
  type Reply,
  type ToolCall,
  type Usage,
} from "modelwright";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

declare const model: Model;

interface Entries {
  readonly coder: unknown;
  readonly fast: unknown;
}

describe("events", () => {
  it("are a closed union that a switch can exhaust", () => {
    const name = (event: ModelEvent): string => {
      switch (event.type) {
        case "start":
          return event.model + event.provider + (event.id ?? "");
        case "text-delta":
        case "reasoning-delta":
          return event.text + event.sample;
        case "tool-call-start":
          return `${event.index} ${event.id} ${event.name}`;
        case "tool-call-delta":
          return event.json;
        case "tool-call-end":
          return event.call.name;
        case "adjustment":
          return event.adjustment.setting;
        case "reset":
          return event.reason;
        case "raw":
          return String(event.event);
        case "usage":
          return String(event.usage.total);
        case "finish":
          return event.reason + (event.raw ?? "");
        default:
          return event satisfies never;
      }
    };
    expectTypeOf(name).returns.toEqualTypeOf<string>();
  });

  it("carry what product pages promise", () => {
    expectTypeOf<Extract<ModelEvent, { type: "tool-call-end" }>["call"]>().toEqualTypeOf<ToolCall>();
    expectTypeOf<Extract<ModelEvent, { type: "usage" }>["usage"]>().toEqualTypeOf<Usage>();
    expectTypeOf<Extract<ModelEvent, { type: "finish" }>["reason"]>().toEqualTypeOf<FinishReason>();
    expectTypeOf<FinishReason>().toEqualTypeOf<
      "stop" | "length" | "tool-calls" | "content-filter" | "refusal" | "unknown"
    >();
  });

  it("come from a stream, its text as strings, its reply as a Reply", () => {
    const stream = model.stream("Hello");
    expectTypeOf(stream).toExtend<AsyncIterable<ModelEvent>>();
    expectTypeOf(stream.text).toExtend<AsyncIterable<string>>();
    expectTypeOf(stream.reply).toEqualTypeOf<Promise<Reply>>();
  });
});

describe("object()", () => {
  const Book = z.object({ title: z.string(), year: z.int(), tags: z.array(z.string()).optional() });

  it("infers what the zod schema gives", () => {
    const asked = () => model.object(Book, "Suggest a book.");
    expectTypeOf<Awaited<ReturnType<typeof asked>>["object"]>().toEqualTypeOf<z.infer<typeof Book>>();
    expectTypeOf<Awaited<ReturnType<typeof asked>>["reply"]>().toEqualTypeOf<Reply>();
  });

  it("infers the output of a schema that transforms", () => {
    const asked = () =>
      model.object(
        z.string().transform((text) => text.length),
        "How long?",
      );
    expectTypeOf<Awaited<ReturnType<typeof asked>>["object"]>().toEqualTypeOf<number>();
  });

  it("streams partial objects and ends with the whole one", () => {
    const stream = model.streamObject(Book, "Suggest a book.");
    type Part = typeof stream extends AsyncIterable<infer T> ? T : never;
    expectTypeOf<{ title?: string }>().toExtend<Part>();
    expectTypeOf<Part["year"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf(stream.object).toEqualTypeOf<Promise<z.infer<typeof Book>>>();
  });

  it("takes no plain JSON Schema", () => {
    // @ts-expect-error a JSON Schema says nothing about the type
    model.object({ type: "object" }, "Suggest a book.");
  });
});

describe("call options", () => {
  it("refuse keys that do not exist", () => {
    // @ts-expect-error misspelt
    model.codegen("Hello", { temprature: 1 });
    // @ts-expect-error the spelling of models.toml is camelCase here
    model.codegen("Hello", { max_new_tokens: 1 });
    // @ts-expect-error clocks and retries belong to the entry
    model.stream("Hello", { numRetries: 1 });
  });

  it("refuse values of another type", () => {
    // @ts-expect-error a number
    model.codegen("Hello", { temperature: "hot" });
    // @ts-expect-error one of a few words
    model.codegen("Hello", { cache: "sometimes" });
  });

  it("take undefined where a value may be absent", () => {
    expectTypeOf<{ signal: undefined; temperature: undefined; samples: undefined }>().toExtend<CallOptions>();
    expectTypeOf<{ signal: AbortSignal | undefined }>().toExtend<CallOptions>();
    expectTypeOf<{ reasoningEffort: 0.5 }>().toExtend<CallOptions>();
    expectTypeOf<{ stop: "END" }>().toExtend<CallOptions>();
  });

  it("take input as text, messages, or messages of OpenAI", () => {
    const call = model.codegen;
    expectTypeOf(call).toBeCallableWith("Hello");
    expectTypeOf(call).toBeCallableWith([{ role: "user", content: "Hello" }]);
    expectTypeOf(call).toBeCallableWith([
      { role: "user", content: [{ type: "text", text: "Hello" }] },
      { role: "assistant", tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }] },
      { role: "tool", tool_call_id: "1", content: "ok" },
    ]);
    // @ts-expect-error no input at all
    model.codegen(42);
  });
});

describe("supports()", () => {
  it("takes capabilities in both spellings and nothing else", () => {
    expectTypeOf(model.supports("tools")).toEqualTypeOf<boolean>();
    expectTypeOf(model.supports("promptCache")).toEqualTypeOf<boolean>();
    expectTypeOf(model.supports("prompt_cache")).toEqualTypeOf<boolean>();
    // @ts-expect-error no such capability
    model.supports("telepathy");
  });
});

describe("names", () => {
  it("are those of the entries when they are declared", () => {
    expectTypeOf<Parameters<ModelFactory<Entries>["create"]>[0]>().toEqualTypeOf<"coder" | "fast" | undefined>();
    expectTypeOf<ReturnType<ModelFactory<Entries>["names"]>>().toEqualTypeOf<readonly ("coder" | "fast")[]>();
    const load = () => ModelFactory.load<Entries>("models.toml");
    expectTypeOf<Awaited<ReturnType<typeof load>>>().toEqualTypeOf<ModelFactory<Entries>>();
    const misspelt = async () => {
      // @ts-expect-error did you mean "coder"?
      (await load()).create("codre");
    };
    expectTypeOf(misspelt).returns.toEqualTypeOf<Promise<void>>();
  });

  it("are any string when nothing is declared, from a text, and in get()", () => {
    expectTypeOf<Parameters<ModelFactory["create"]>[0]>().toEqualTypeOf<string | undefined>();
    const parsed = () => ModelFactory.parse("");
    expectTypeOf<Parameters<ReturnType<typeof parsed>["create"]>[0]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Parameters<ModelFactory<Entries>["get"]>[0]>().toEqualTypeOf<string>();
  });
});

describe("errors", () => {
  it("are narrowed by isModelError", () => {
    const read = (error: unknown) => {
      if (!isModelError(error)) return undefined;
      expectTypeOf(error.code).toEqualTypeOf<ModelErrorCode>();
      expectTypeOf(error.partial?.text).toEqualTypeOf<string | undefined>();
      return error.retryAfterMs;
    };
    expectTypeOf(read).returns.toEqualTypeOf<number | undefined>();
  });

  it("take no code that is not in the table", () => {
    // @ts-expect-error no such code
    isModelError(undefined, "rate_limitted");
    expectTypeOf<keyof typeof ERROR_CODES>().toEqualTypeOf<ModelErrorCode>();
  });

  it("narrow the outcome of safeCodegen", () => {
    const text = async () => {
      const outcome = await model.safeCodegen("Hello");
      return outcome.ok ? outcome.reply.text : outcome.error.code;
    };
    expectTypeOf(text).returns.toEqualTypeOf<Promise<string>>();
  });
});

describe("replies", () => {
  it("have an unknown price as null, never as 0", () => {
    expectTypeOf<Reply["cost"]["usd"]>().toEqualTypeOf<number | null>();
  });

  it("are read-only", () => {
    const change = (reply: Reply) => {
      // @ts-expect-error read-only
      reply.text = "";
    };
    expectTypeOf(change).returns.toEqualTypeOf<void>();
  });
});
