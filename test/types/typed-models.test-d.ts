import {
  type CallOptions,
  type Model,
  ModelFactory,
  type OptionsFor,
  type OptionsWithout,
  type Registered,
} from "modelwright";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

interface Able {
  model: "able-1";
  tools: true;
  parallelTools: true;
  reasoning: true;
  temperature: true;
  stop: true;
  promptCache: true;
  webSearch: true;
}
interface Bare {
  model: "bare-1";
  tools: false;
  reasoning: false;
  temperature: false;
  stop: false;
  promptCache: false;
  webSearch: false;
}
interface Entries {
  able: Able;
  bare: Bare;
  oneTool: { model: "one-1"; tools: true; parallelTools: false };
  silent: { model: "silent-1" };
  unknown: unknown;
}

declare const factory: ModelFactory<Entries>;
const tools = [{ name: "read_file" }];
const Schema = z.object({ title: z.string() });

describe("a typed factory", () => {
  it("gives models that know what they can do", () => {
    expectTypeOf(factory.create("able")).toEqualTypeOf<Model<Able>>();
    expectTypeOf(factory.create("bare")).toEqualTypeOf<Model<Bare>>();
    expectTypeOf(factory.create("unknown")).toEqualTypeOf<Model>();
  });

  it("gives sessions that know it too, and the same models for a scope", () => {
    const ask = () => factory.create("bare").session({ memory: 4 });
    // @ts-expect-error a model without tools
    expectTypeOf(() => ask().codegen("Hello", { tools })).toBeFunction();
    expectTypeOf(() => factory.create("able").session().stream("Hello", { tools })).toBeFunction();
    expectTypeOf(factory.create("able", { scope: { org: "acme" } })).toEqualTypeOf<Model<Able>>();
    // @ts-expect-error a scope is of an org
    expectTypeOf(() => factory.create("able", { scope: { guild: "docs" } })).toBeFunction();
  });

  it("takes no other name", () => {
    // @ts-expect-error misspelt
    factory.create("abel");
    // @ts-expect-error any text; get() is for those
    factory.create("able" as string);
    expectTypeOf(factory.get("abel")).toEqualTypeOf<Model>();
  });

  it("gives without a name one of them: each profile may have a default of its own", () => {
    const two = {} as ModelFactory<Pick<Entries, "able" | "bare">>;
    expectTypeOf(two.create()).toEqualTypeOf<Model<Able | Bare>>();
    expectTypeOf(two.create().codegen).toBeCallableWith("Hello", { tools });
    const one = {} as ModelFactory<Pick<Entries, "bare">>;
    // @ts-expect-error the only model has no tools
    one.create().codegen("Hello", { tools });
    expectTypeOf(factory.create()).toEqualTypeOf<Model>();
  });

  it("gives for one of several names a model that takes what any of them takes", () => {
    const either = factory.create("able" as "able" | "bare");
    expectTypeOf(either).toEqualTypeOf<Model<Able | Bare>>();
    expectTypeOf(either.codegen).toBeCallableWith("Hello", { tools });
    for (const name of factory.names()) expectTypeOf(factory.create(name)).toExtend<Model>();
  });

  it("is not what parse() and an empty Registered give", () => {
    expectTypeOf(ModelFactory.parse("").create("any name")).toEqualTypeOf<Model>();
    expectTypeOf<ReturnType<typeof ModelFactory.parse>>().toEqualTypeOf<ModelFactory<Record<never, never>>>();
    const load = () => ModelFactory.load();
    expectTypeOf<Awaited<ReturnType<typeof load>>>().toEqualTypeOf<ModelFactory>();
    expectTypeOf<Awaited<ReturnType<typeof ModelFactory.load>>>().toEqualTypeOf<ModelFactory<Registered>>();
  });

  it("comes from a text where one is asked for", () => {
    expectTypeOf(ModelFactory.parse<Entries>("")).toEqualTypeOf<ModelFactory<Entries>>();
    const start = (from: ModelFactory<Entries>) => from.create("able");
    expectTypeOf(start(ModelFactory.parse(""))).toEqualTypeOf<Model<Able>>();
  });

  it("goes where any factory goes", () => {
    const first = <Models>(any: ModelFactory<Models>) => any.get("able");
    expectTypeOf(first(factory)).toEqualTypeOf<Model>();
    expectTypeOf(first(ModelFactory.parse(""))).toEqualTypeOf<Model>();
  });
});

describe("a model that lacks something", () => {
  const bare = factory.create("bare");

  it("takes no tools, in any method", () => {
    // @ts-expect-error no tools
    bare.codegen("Hello", { tools });
    // @ts-expect-error no tools
    bare.safeCodegen("Hello", { tools });
    // @ts-expect-error no tools
    bare.stream("Hello", { tools });
    // @ts-expect-error no tools
    bare.object(Schema, "Hello", { tools });
    // @ts-expect-error no tools
    bare.streamObject(Schema, "Hello", { tools });
  });

  it("takes none of the options that need what it lacks", () => {
    // @ts-expect-error no tools
    bare.codegen("Hello", { toolChoice: "auto" });
    // @ts-expect-error no tools
    bare.codegen("Hello", { parallelToolCalls: false });
    // @ts-expect-error no reasoning effort
    bare.codegen("Hello", { reasoningEffort: "high" });
    // @ts-expect-error no reasoning effort
    bare.codegen("Hello", { reasoningEffort: 0.5 });
    // @ts-expect-error no temperature
    bare.codegen("Hello", { temperature: 0 });
    // @ts-expect-error no stop sequences
    bare.codegen("Hello", { stop: "END" });
    // @ts-expect-error no stop sequences
    bare.codegen("Hello", { stop: ["END"] });
    // @ts-expect-error no prompt cache
    bare.codegen("Hello", { promptCache: true });
    // @ts-expect-error no prompt cache
    bare.codegen("Hello", { promptCache: { ttl: "1h" } });
    // @ts-expect-error no web search
    bare.codegen("Hello", { webSearch: true });
    // @ts-expect-error no web search
    bare.codegen("Hello", { webSearch: { maxUses: 1 } });
  });

  it("takes all the others, and nothing in the place of what it lacks", () => {
    const { signal } = new AbortController();
    expectTypeOf(bare.codegen).toBeCallableWith("Hello", { seed: 1, maxNewTokens: 5, samples: 2, signal });
    expectTypeOf(bare.codegen).toBeCallableWith("Hello", { tools: undefined, temperature: undefined });
    expectTypeOf(bare.codegen).toBeCallableWith("Hello", { promptCache: false, webSearch: false });
  });

  it("refuses misspelt options as before", () => {
    // @ts-expect-error misspelt
    bare.codegen("Hello", { sed: 1 });
  });

  it("infers objects as before", () => {
    const asked = () => bare.object(Schema, "Hello");
    expectTypeOf<Awaited<ReturnType<typeof asked>>["object"]>().toEqualTypeOf<{ title: string }>();
    expectTypeOf(bare.streamObject(Schema, "Hello").object).toEqualTypeOf<Promise<{ title: string }>>();
  });

  it("with tools, but one at a time, refuses only parallel calls", () => {
    const oneTool = factory.create("oneTool");
    expectTypeOf(oneTool.codegen).toBeCallableWith("Hello", { tools, toolChoice: "required" });
    // @ts-expect-error one at a time
    oneTool.codegen("Hello", { parallelToolCalls: true });
  });
});

describe("a model of which little is known", () => {
  it("takes everything", () => {
    const everything = { tools, temperature: 1, stop: "END", reasoningEffort: "high", webSearch: true } as const;
    expectTypeOf(factory.create("silent").codegen).toBeCallableWith("Hello", everything);
    expectTypeOf(factory.create("unknown").codegen).toBeCallableWith("Hello", everything);
    expectTypeOf(factory.create("able").codegen).toBeCallableWith("Hello", everything);
    expectTypeOf(factory.get("able").codegen).toBeCallableWith("Hello", everything);
  });
});

describe("a function that takes a model", () => {
  const ask = (model: Model, options?: CallOptions) => model.codegen("Hello", options);

  it("takes every typed one", () => {
    expectTypeOf(ask).toBeCallableWith(factory.create("able"));
    expectTypeOf(ask).toBeCallableWith(factory.create("bare"), { temperature: 1 });
    expectTypeOf(ask).toBeCallableWith(factory.create("silent"));
    expectTypeOf<Model<Able> | Model<Bare>>().toExtend<Model>();
    expectTypeOf([factory.create("able"), factory.create("bare")]).toExtend<readonly Model[]>();
  });

  it("may ask for an ability", () => {
    const act = (model: Model<{ tools: true }>) => model.codegen("Hello", { tools });
    expectTypeOf(act).toBeCallableWith(factory.create("able"));
    expectTypeOf(act).toBeCallableWith(factory.create("oneTool"));
    // @ts-expect-error it has no tools
    act(factory.create("bare"));
    // @ts-expect-error nobody knows
    act(factory.create("silent"));
    // @ts-expect-error nobody knows
    act(factory.get("able"));
  });
});

describe("options of a typed model", () => {
  it("have a name", () => {
    expectTypeOf<OptionsFor<Able>>().toEqualTypeOf<CallOptions>();
    expectTypeOf<OptionsFor<unknown>>().toEqualTypeOf<CallOptions>();
    expectTypeOf<OptionsFor<Entries["oneTool"]>>().toEqualTypeOf<OptionsWithout<"parallelToolCalls", "one-1">>();
  });

  it("are call options", () => {
    expectTypeOf<OptionsFor<Bare>>().toExtend<CallOptions>();
    const prepared: OptionsFor<Bare> = { seed: 1 };
    expectTypeOf(factory.create("bare").estimate).toBeCallableWith("Hello", prepared);
  });
});
