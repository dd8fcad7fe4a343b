import { describe, expect, expectTypeOf, test } from "vitest";
import { ConfigError, type Model, ModelError } from "../../src/index.ts";
import {
  Container,
  type DependencySpec,
  type Inject,
  isModel,
  type ResolverContext,
  resolveModel,
} from "../../src/inject/index.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf } from "../harness/simulated.ts";
import { until } from "../harness/waits.ts";

const AT = "http://127.0.0.1:9";
const WRITER = { org: "acme", guild: "docs", agent: "writer" } as const;

const spec = (name: string, properties: DependencySpec["properties"] = {}): DependencySpec => ({
  module: "parts",
  export: name,
  properties,
});

class Clock {
  readonly zone: unknown;
  constructor(zone: unknown) {
    this.zone = zone;
  }
}

/** A resolver that asks for others, and gives itself with what they gave. */
const asking =
  (...names: string[]) =>
  async (_: object, { name, inject }: ResolverContext) => ({
    name,
    from: await Promise.all(names.map((other) => inject(other))),
  });

function containerOf(parts: Record<string, unknown>, specs: Record<string, DependencySpec>, values = {}) {
  return new Container({ specs, modules: { parts }, values });
}

async function refused(act: () => unknown): Promise<ConfigError> {
  const error = await Promise.resolve()
    .then(act)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(ConfigError);
  return error as ConfigError;
}

describe("a spec", () => {
  test("creates a model for the requested scope", async () => {
    const factory = factoryOf(entry("openai", AT) + entry("openai", AT, "", { table: "other" }));
    const specs = JSON.parse(`{
      "llm": { "module": "modelwright/inject", "export": "resolveModel", "properties": { "name": "other" } },
      "main": { "module": "modelwright/inject", "export": "resolveModel" },
      "own": { "module": "modelwright/inject", "export": "resolveModel", "properties": { "fresh": true } }
    }`);
    const container = new Container({ specs, values: { factory } });
    const llm = await container.resolve("llm", WRITER, isModel);
    expectTypeOf(llm).toEqualTypeOf<Model>();
    expect(llm).toBe(factory.get("other", { scope: WRITER }));
    expect(await container.resolve("llm")).toBe(factory.get("other"));
    expect(await container.resolve("main")).toBe(factory.create());
    expect(await container.resolve("own")).not.toBe(factory.create());
    expect(await container.resolve("own")).toBe(await container.resolve("own"));
  });

  test("passes properties, name and scope to its resolver", async () => {
    const seen: unknown[] = [];
    const container = containerOf(
      { make: (properties: object, { name, scope }: ResolverContext) => seen.push(properties, name, scope) },
      { tool: spec("make", { depth: 2, list: ["a"] }) },
    );
    await container.resolve("tool", WRITER);
    expect(seen).toEqual([{ depth: 2, list: ["a"] }, "tool", WRITER]);
  });

  test("loads its module on first use", async () => {
    let loads = 0;
    const parts = async () => {
      loads += 1;
      return { make: () => "made" };
    };
    const container = new Container({ specs: { tool: spec("make"), never: spec("none") }, modules: { parts } });
    expect(loads).toBe(0);
    expect(await container.resolve("tool")).toBe("made");
    expect(loads).toBe(1);
  });
});

describe("a scope", () => {
  test("has one object per name and scope; values are the same in all scopes", async () => {
    const container = containerOf(
      { make: () => new Clock("utc") },
      { clock: spec("make") },
      { shared: new Clock("cet") },
    );
    const scopes = [undefined, { org: "acme" }, { org: "acme", guild: "docs" }, WRITER, { org: "acme/docs" }];
    const clocks = await Promise.all(scopes.map((scope) => container.resolve("clock", scope)));
    expect(new Set(clocks).size).toBe(5);
    expect(await container.resolve("clock", { ...WRITER })).toBe(clocks[3]);
    expect(await container.resolve("shared", WRITER)).toBe(await container.resolve("shared"));
  });

  test("is inherited by injected dependencies", async () => {
    const container = containerOf(
      { make: () => ({}), asking: asking("leaf") },
      { leaf: spec("make"), top: spec("asking") },
    );
    const top = (await container.resolve("top", WRITER)) as { from: unknown[] };
    expect(top.from[0]).toBe(await container.resolve("leaf", WRITER));
    expect(top.from[0]).not.toBe(await container.resolve("leaf"));
  });

  test("creates it once for concurrent calls", async () => {
    let made = 0;
    const container = containerOf(
      { make: async () => ++made, asking: asking("leaf", "leaf") },
      { leaf: spec("make"), one: spec("asking"), two: spec("asking") },
    );
    await Promise.all(["leaf", "one", "two", "leaf"].map((name) => container.resolve(name)));
    expect(made).toBe(1);
  });

  test("that is invalid is rejected", async () => {
    const container = containerOf({ make: () => 1 }, { leaf: spec("make") });
    await expect(container.resolve("leaf", { org: "" })).rejects.toThrow("scope.org must be a string");
  });
});

describe("an injected dependency", () => {
  const isTool = (value: unknown): value is { run: () => void } =>
    typeof (value as { run?: unknown })?.run === "function";
  const parts = {
    clock: () => new Clock("utc"),
    text: () => "a text",
    wants: async ({ what }: { what?: string }, { inject }: { inject: Inject }) =>
      what === "Clock" ? inject("dependency", Clock) : inject("dependency", isTool),
  };
  const wanting = (dependency: string, what: string) =>
    containerOf(parts, { dependency: spec(dependency), agent: spec("wants", { what }) }).resolve("agent");

  test("satisfies its guard: a class, or a type guard", async () => {
    expect(await wanting("clock", "Clock")).toBeInstanceOf(Clock);
  });

  test("throws an error with dependent, expected and actual type otherwise", async () => {
    expect((await refused(() => wanting("text", "Clock"))).message).toBe(
      'agent: inject("dependency") expected a Clock, got a string',
    );
    const error = await refused(() => wanting("clock", "Tool"));
    expect(error.message).toBe('agent: inject("dependency") expected a Tool, got an instance of Clock');
    expect(error.problems[0]?.path).toBe("agent");
  });

  test.each<[unknown, string]>([
    [null, "null"],
    [undefined, "undefined"],
    [[], "an array"],
    [{}, "a plain object"],
    [Object.create(null), "a plain object"],
    [7, "a number"],
    [new Map(), "an instance of Map"],
    [() => 1, "a function"],
  ])("is described by its type: %o", async (value, kind) => {
    const container = new Container({ specs: {}, values: { value } });
    const error = await refused(() => container.resolve("value", undefined, isModel));
    expect(error.message).toBe(`resolve("value") expected a Model, got ${kind}`);
  });

  test("can be checked with built-in classes and anonymous functions", async () => {
    const container = new Container({ specs: {}, values: { value: new URL(AT) } });
    expect(await container.resolve("value", undefined, URL)).toBeInstanceOf(URL);
    expect((await refused(() => container.resolve("value", undefined, Map))).message).toContain("expected a Map, got");
    const nameless = (
      () =>
      (value: unknown): value is string =>
        typeof value === "string"
    )();
    expect((await refused(() => container.resolve("value", undefined, nameless))).message).toContain(
      "expected a value that its guard accepts",
    );
  });
});

describe("a cycle", () => {
  const circle = (...specs: [string, ...string[]][]) => {
    const parts = Object.fromEntries(specs.map(([name, ...others]) => [name, asking(...others)]));
    return containerOf(parts, Object.fromEntries(specs.map(([name]) => [name, spec(name)])));
  };

  test("is reported with its path", async () => {
    const { message } = await refused(() => circle(["a", "b"], ["b", "c"], ["c", "a"]).resolve("a"));
    expect(message).toBe("dependency cycle: a -> b -> c -> a");
    expect((await refused(() => circle(["a", "a"]).resolve("a"))).message).toContain("a -> a");
    expect((await refused(() => circle(["a", "b"], ["b", "c"], ["c", "b"]).resolve("a"))).message).toContain(
      "b -> c -> b",
    );
  });

  test("between concurrent calls fails both instead of waiting forever", async () => {
    const container = circle(["a", "b"], ["b", "a"]);
    const both = await Promise.allSettled([container.resolve("a"), container.resolve("b")]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("does not exist when two paths lead to the same dependency", async () => {
    const container = circle(["a", "b", "c"], ["b", "d"], ["c", "d"], ["d"]);
    expect(await container.resolve("a")).toMatchObject({ name: "a" });
    await Promise.all(["d", "c", "b", "a"].map((name) => container.resolve(name, WRITER)));
  });

  test("does not exist when a dependency is resolved later", async () => {
    let later = async (): Promise<unknown> => undefined;
    const container = containerOf(
      {
        lazy: (_: object, { inject }: ResolverContext) => {
          later = () => inject("top");
          return "lazy";
        },
        asking: asking("lazy"),
      },
      { lazy: spec("lazy"), top: spec("asking") },
    );
    const top = await container.resolve("top");
    expect(await later()).toBe(top);
  });
});

describe("errors", () => {
  test("of all specs are reported at once, before any module is loaded", async () => {
    let loads = 0;
    const modules = { "app/search": async () => ({ loads: ++loads }), parts: {} };
    const specs = {
      a: { module: "app/serach", export: "make" },
      b: { module: "node:child_process", export: "execSync" },
      c: { modul: "parts", export: "" },
      d: "parts",
      e: { module: "parts", export: "make", properties: [] },
      taken: { module: "parts", export: "make" },
    } as unknown as Record<string, DependencySpec>;
    const { problems } = await refused(() => new Container({ specs, modules, values: { taken: 1 } }));
    const told = problems.map(({ path, message, suggestion }) => `${path}: ${message} ${suggestion ?? ""}`).join("\n");
    expect(told).toContain('a.module: dependency "a": the module "app/serach" is not allowed');
    expect(problems[0]?.suggestion).toBe("app/search");
    expect(told).toContain('the module "node:child_process" is not allowed; allowed modules: modelwright/inject, ');
    expect(new Set(problems.map(({ path }) => path.split(".")[0]))).toEqual(
      new Set(["a", "b", "c", "d", "e", "taken"]),
    );
    expect(told).toContain("both a spec and a value");
    expect(loads).toBe(0);
    for (const none of [null, [], "specs"])
      expect((await refused(() => new Container({ specs: none as never }))).message).toContain(
        "specs must be an object",
      );
  });

  test("in a name are reported with a suggestion and the dependent", async () => {
    const container = containerOf({ asking: asking("clok") }, { clock: spec("asking"), top: spec("asking") });
    const { message } = await refused(() => container.resolve("tpo"));
    expect(message).toBe('unknown dependency "tpo"; known dependencies: clock, top (did you mean "top"?)');
    expect((await refused(() => container.resolve("top"))).message).toContain('top: unknown dependency "clok"');
    for (const name of ["__proto__", "constructor", "toString"])
      expect((await refused(() => container.resolve(name))).message).toContain("unknown dependency");
  });

  test("in an export are reported: missing, or not a function", async () => {
    const container = containerOf(
      { make: () => 1, text: "x" },
      { a: spec("mkae"), b: spec("text"), c: spec("toString") },
    );
    const missing = await refused(() => container.resolve("a"));
    expect(missing.message).toBe('dependency "a": the module "parts" has no export "mkae" (did you mean "make"?)');
    expect((await refused(() => container.resolve("b"))).message).toContain("a non-function export");
    expect((await refused(() => container.resolve("c"))).message).toContain("has no export");
  });

  test("in the properties of a model are reported, and errors of the file unchanged", async () => {
    const factory = factoryOf(entry("openai", AT));
    const model = (properties: object) =>
      new Container({
        specs: { llm: { module: "modelwright/inject", export: "resolveModel", properties: { ...properties } } },
        values: { factory },
      }).resolve("llm");
    expect((await refused(() => model({ name: 7 }))).message).toContain(
      '"resolveModel" of "modelwright/inject" failed: name: ',
    );
    expect((await refused(() => model({ nmae: "main" }))).message).toContain("nmae");
    expect((await refused(() => model({ name: "mian" }))).message).toContain('did you mean "main"');
    const none = new Container({ specs: { llm: { module: "modelwright/inject", export: "resolveModel" } } });
    expect((await refused(() => none.resolve("llm"))).message).toContain('llm: unknown dependency "factory"');
    const wrong = new Container({
      specs: { llm: { module: "modelwright/inject", export: "resolveModel" } },
      values: { factory: {} },
    });
    expect((await refused(() => wrong.resolve("llm"))).message).toBe(
      'llm: inject("factory") expected a ModelFactory, got a plain object',
    );
    expect(resolveModel).toBeTypeOf("function");
  });
});

describe("a resolver that fails", () => {
  test("is reported with its message, and called again by the next call", async () => {
    let tries = 0;
    const make = async () => {
      if (++tries === 1) throw new TypeError("cannot read x");
      return "made";
    };
    const container = containerOf({ make, asking: asking("leaf") }, { leaf: spec("make"), top: spec("asking") });
    const error = await refused(() => container.resolve("top"));
    expect(error.message).toBe('dependency "leaf": "make" of "parts" failed: cannot read x');
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(await container.resolve("top")).toMatchObject({ from: ["made"] });
  });

  test("rethrows errors of this library", async () => {
    const thrown = new ModelError({ code: "aborted", message: "closed" });
    const make = () => {
      throw thrown;
    };
    await expect(containerOf({ make }, { leaf: spec("make") }).resolve("leaf")).rejects.toBe(thrown);
  });

  test("shows no key", async () => {
    const key = "sk-Zq7Vx2Jw9Kp4Bn6Td8Hs3Gm5";
    const make = () => {
      throw Object.assign(new Error(`refused: ${key}`), { key });
    };
    const error = await refused(() => containerOf({ make }, { leaf: spec("make", { key }) }).resolve("leaf"));
    expect(error.message).toContain("refused: [secret]");
    expect(error.cause).toBeUndefined();
  });

  test("is reported when its module does not load", async () => {
    const modules = { parts: () => Promise.reject(new Error("no such file")) };
    const container = new Container({ specs: { leaf: spec("make") }, modules });
    expect((await refused(() => container.resolve("leaf"))).message).toBe(
      'dependency "leaf": "make" of "parts" failed: no such file',
    );
  });

  test("is not an unhandled rejection when not awaited", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    let failed = false;
    const make = async () => {
      failed = true;
      throw new Error("no");
    };
    const container = containerOf(
      { make, impatient: (_: object, { inject }: ResolverContext) => Promise.race([inject("leaf"), "at once"]) },
      { leaf: spec("make"), top: spec("impatient") },
    );
    expect(await container.resolve("top")).toBe("at once");
    await until(() => failed);
    await new Promise(setImmediate);
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});
