import { expect, test } from "vitest";
import { isModelError, ModelFactory } from "../../src/index.ts";
import { Model } from "../../src/model/model.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";

test("methods of a model, its sessions and the factory work when detached", async () => {
  const simulator = await simulate();
  const { create, names, close } = factoryOf(entry("anthropic", simulator.url));
  const model = create();
  const { codegen, safeCodegen, stream, supports, estimate, toString: print } = model;
  expect((await codegen("Hi.")).finishReason).toBe("stop");
  expect((await safeCodegen("Hi.")).ok).toBe(true);
  expect((await stream("Hi.").reply).finishReason).toBe("stop");
  const { codegen: ask } = model.session();
  expect((await ask("Hi.")).finishReason).toBe("stop");
  expect([supports("tools"), print(), names()]).toEqual([true, "main", ["main"]]);
  expect(estimate("Hi.").tokens).toBeGreaterThan(0);
  expect(simulator.requests).toHaveLength(4);
  await close();
});

test("binding changes nothing else about a model", () => {
  const model = factoryOf(entry("openai", "http://127.0.0.1:9")).create();
  expect(Object.keys(model)).toEqual(["name", "scope"]);
  class Other extends Model {
    override toString(): string {
      return "other";
    }
  }
  const { toString: print } = new Other("other", () => {
    throw new Error("not asked");
  });
  expect(print()).toBe("other");
});

test("new ModelFactory() throws and names load and parse", () => {
  const Maker = ModelFactory as unknown as new () => ModelFactory;
  let error: unknown;
  try {
    new Maker();
  } catch (thrown) {
    error = thrown;
  }
  expect(isModelError(error, "invalid_request") && error.message).toMatch(
    /ModelFactory\.load\(.*ModelFactory\.parse\(/,
  );
});

test("a name that is not a string is a typed error", async () => {
  const simulator = await simulate();
  const factory = factoryOf(entry("openai", simulator.url));
  for (const name of [undefined, null, 5, {}] as unknown as string[]) {
    expect(() => factory.get(name)).toThrow(/the name of a model must be a string, not/);
    expect(() => factory.describe(name)).toThrow(/the name of a model must be a string, not/);
    expect(() => factory.info(name)).toThrow(/modelId must be a string/);
  }
});
