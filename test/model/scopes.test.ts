import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Scope } from "../../src/index.ts";
import { ModelFactory } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { chatBody, serve } from "../harness/small-server.ts";

const AT = "http://127.0.0.1:9";
const WRITER = { org: "acme", guild: "docs", agent: "writer" } as const;
const twoEntries = (url = AT) => factoryOf(entry("openai", url) + entry("openai", url, "", { table: "other" }));

describe("a model of a scope", () => {
  test("is the same object only for the same name and scope", () => {
    const factory = twoEntries();
    const writer = factory.get("main", { scope: WRITER });
    expect(factory.get("main", { scope: { agent: "writer", guild: "docs", org: "acme" } })).toBe(writer);
    const others = [
      factory.get("main"),
      factory.get("other", { scope: WRITER }),
      factory.get("main", { scope: { org: "acme" } }),
      factory.get("main", { scope: { org: "acme", guild: "docs" } }),
      factory.get("main", { scope: { ...WRITER, agent: "editor" } }),
      factory.get("main", { scope: { org: "acme/docs", guild: "writer" } }),
      factory.get("main", { scope: { org: "acme", agent: "writer" } }),
      factory.get("main", { scope: { org: "acme", guild: "writer" } }),
    ];
    expect(new Set([writer, ...others]).size).toBe(9);
    expect(factory.create(undefined, { scope: WRITER })).toBe(writer);
    expect(factory.get("main", { scope: { org: "acme", guild: undefined } })).toBe(others[2]);
    expect(factory.get("main", {})).toBe(factory.create());
  });

  test("is a new object with `fresh`, never returned again", () => {
    const factory = twoEntries();
    const models = [
      factory.create(undefined, { fresh: true }),
      factory.create(undefined, { fresh: true }),
      factory.create(undefined, { fresh: true, scope: WRITER }),
      factory.create(),
      factory.create(undefined, { scope: WRITER }),
    ];
    expect(new Set(models).size).toBe(5);
    expect(factory.create()).toBe(models[3]);
  });

  test("has its scope, and String(model) is still its name", () => {
    const scope = { ...WRITER };
    const model = twoEntries().create(undefined, { scope });
    (scope as { org: string }).org = "changed";
    expect(model.scope).toEqual(WRITER);
    expect(Object.isFrozen(model.scope)).toBe(true);
    expect(String(model)).toBe("main");
    expect(twoEntries().create().scope).toBeUndefined();
  });

  test("counts its calls for the scope and its parents, for every method", async () => {
    const { url } = await serve(() => chatBody('{"name":"x"}'));
    const factory = factoryOf(entry("openai", url));
    const writer = factory.create(undefined, { scope: WRITER });
    await writer.codegen("one");
    await writer.session().codegen("two");
    await writer.object(z.object({ name: z.string() }), "three");
    await factory.create(undefined, { scope: { org: "acme", guild: "shop" } }).codegen("four");
    await factory.create(undefined, { scope: { org: "a/b" }, fresh: true }).codegen("five", { tags: ["t"] });
    await factory.create().codegen("six");
    await factory.create(undefined, { scope: { org: "solo", agent: "one" } }).codegen("seven");
    const calls = Object.fromEntries(Object.entries(factory.usage("scope")).map(([name, sum]) => [name, sum.calls]));
    expect(calls).toEqual({
      acme: 4,
      "acme/docs": 3,
      "acme/docs/writer": 3,
      "acme/shop": 1,
      "a%2Fb": 1,
      solo: 1,
      "solo//one": 1,
    });
    expect(factory.usage("scope")["acme/docs"]?.usage.total).toBe(45);
    expect(Object.keys(factory.usage("tag"))).toEqual(["t"]);
    expect(factory.usage().calls).toBe(7);
  });

  test("is in the log", async () => {
    const { url } = await serve(() => chatBody("hello"));
    const lines: [string, object][] = [];
    const note = (message: string, fields: object = {}) => void lines.push([message, fields]);
    const factory = factoryOf(entry("openai", url), { logger: { debug: note, info: note, warn: note, error: note } });
    await factory.create(undefined, { scope: WRITER }).codegen("Hello");
    await factory.create().codegen("Hello");
    const answered = lines.filter(([message]) => message === "call answered").map(([, fields]) => fields);
    expect(answered[0]).toMatchObject({ scope: "acme/docs/writer" });
    expect(answered[1]).not.toHaveProperty("scope");
  });

  test("shares cache, circuit breaker and configuration with the entry, and uses the new file after a reload", async () => {
    const { url, arrivals } = await serve(({ body }) => chatBody(String(body["model"])));
    const toml = (name: string) => `[cache]\nstore = "memory"\n${entry("openai", url, "", { name })}`;
    const factory = factoryOf(toml("old"));
    const writer = factory.create(undefined, { scope: WRITER });
    await writer.codegen("Hello");
    expect((await factory.create().codegen("Hello")).text).toBe("old");
    expect(arrivals).toHaveLength(1);
    factory.breakers.isolate("main");
    expect((await failureOf(writer.codegen("Bye"))).code).toBe("circuit_open");
    factory.breakers.reset("main");
    await factory.reload(toml("new"));
    expect((await writer.codegen("Hello")).text).toBe("new");
    expect(factory.create(undefined, { scope: WRITER })).toBe(writer);
  });

  test("prevents the removal of its entry by a reload, even if fresh", async () => {
    const factory = twoEntries();
    factory.get("other", { fresh: true });
    await expect(factory.reload(entry("openai", AT))).rejects.toThrow('no longer has "other"');
  });
});

describe("a scope is rejected", () => {
  test.each<[unknown, string]>([
    [{}, "scope.org must be a string"],
    [{ guild: "docs" }, "scope.org must be a string"],
    [{ org: "acme", guild: "" }, "scope.guild must be a string"],
    [{ org: "acme", agent: null }, "scope.agent must be a string"],
    [{ org: "" }, "scope.org must be a string"],
    [{ org: 7 }, "scope.org must be a string"],
    [{ org: "acme", gild: "docs" }, 'unknown option "gild" (did you mean "guild"?)'],
    ["acme", "scope must be an object"],
    [null, "scope must be an object"],
  ])("when it is %j", async (scope, words) => {
    const error = await failureOf((async () => twoEntries().create(undefined, { scope: scope as Scope }))());
    expect(error.code).toBe("invalid_request");
    expect(error.message).toContain(words);
  });

  test("with unknown options", async () => {
    for (const options of [{ scoep: WRITER }, { fresh: 1 }, null])
      expect((await failureOf((async () => twoEntries().create(undefined, options as never))())).code).toBe(
        "invalid_request",
      );
  });
});

describe("options of the factory", () => {
  const toml = '[models.a]\nname = "m"\nprovider = "simulator"\n';

  test.each<[unknown, string]>([
    [{ profil: "ci" }, 'ModelFactory.parse: unknown option "profil" (did you mean "profile"?)'],
    [{ basedir: "." }, 'unknown option "basedir" (did you mean "baseDir"?)'],
    ["ci", "must be an object"],
    [null, "must be an object"],
  ])("are refused when they are %j", async (options, words) => {
    const error = await failureOf((async () => ModelFactory.parse(toml, options as never))());
    expect([error.code, error.message]).toEqual(["invalid_request", expect.stringContaining(words)]);
  });

  test("are rejected as the first argument, and so is an unknown usage group", async () => {
    expect((await failureOf(ModelFactory.load({ profile: "ci" } as never))).message).toContain("second argument");
    const failure = await failureOf((async () => ModelFactory.parse({} as never))());
    expect([failure.code, failure.message]).toEqual(["invalid_request", expect.stringContaining("TOML text")]);
    const factory = ModelFactory.parse(toml);
    const usage = await failureOf((async () => factory.usage("models" as never))());
    expect(usage.message).toContain('unknown group "models" (did you mean "model"?); use "model", "provider"');
    await factory.close();
  });

  test("are rejected by load before it looks for a file", async () => {
    const loading = ModelFactory.load("/nowhere/models.toml", { envs: {} } as never);
    expect((await failureOf(loading)).message).toContain('ModelFactory.load: unknown option "envs"');
  });

  test("are validated for every method", async () => {
    const factory = ModelFactory.parse(toml);
    expect((await failureOf(factory.health({ timeout: 5 } as never))).message).toContain('unknown option "timeout"');
    expect((await failureOf(factory.discover("a", { keys: 1 } as never))).message).toContain('unknown option "keys"');
    await factory.close();
  });
});
