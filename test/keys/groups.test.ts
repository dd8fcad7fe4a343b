import { describe, expect, test } from "vitest";
import { entry } from "../harness/entry.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { type Arrival, chatBody, serve } from "../harness/small-server.ts";
import { keyTest } from "./key-test.ts";

interface Deployments {
  readonly url: string;
  /** Models asked so far, in order. */
  readonly asked: string[];
  /** Models that answer with a status of failure. */
  readonly failing: Map<string, number>;
}

/** One server that is several deployments, told apart by the model id. */
async function deployments(): Promise<Deployments> {
  const asked: string[] = [];
  const failing = new Map<string, number>();
  const { url } = await serve(({ body }: Arrival, response) => {
    const model = String(body.model);
    asked.push(model);
    response.statusCode = failing.get(model) ?? 200;
    return response.statusCode === 200 ? chatBody(model) : { error: { message: "no" } };
  });
  return { url, asked, failing };
}

const members = (url: string, lines: Readonly<Record<string, string>>) =>
  Object.entries(lines)
    .map(([table, more]) => entry("openai", url, more, { table, name: table }))
    .join("");

async function group(lines: string, entries: Readonly<Record<string, string>> = { one: "", two: "" }) {
  const world = await deployments();
  const clock = new FakeClock();
  let seed = 7;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const factory = factoryOf(`${members(world.url, entries)}[groups.all]\n${lines}\n`, { clock, random });
  const model = factory.create("all" as never);
  const ask = async (times: number) => {
    for (let call = 0; call < times; call++) await model.codegen("Hello");
    return world.asked.splice(0);
  };
  return { ...world, clock, factory, model, ask };
}

const count = (asked: readonly string[]) =>
  Object.fromEntries([...new Set(asked)].sort().map((one) => [one, asked.filter((other) => other === one).length]));

keyTest("groups", "a group is called like an entry, and reports the member that answered", async () => {
  const { model, factory } = await group('members = ["one", "two"]');
  const reply = await model.codegen("Hello");
  expect([reply.model, reply.text, String(model)]).toEqual(["one", "one", "all"]);
  expect(factory.names()).toEqual(["one", "two", "all"]);
  expect(factory.describe("all")).toMatchObject({ name: "all", strategy: "priority", members: ["one", "two"] });
});

keyTest("groups.*.members", "uses the first member, and the next when it fails, without waiting", async () => {
  const { ask, failing } = await group('members = ["two", "one"]');
  expect(await ask(2)).toEqual(["two", "two"]);
  failing.set("two", 500);
  expect(await ask(1)).toEqual(["two", "one"]);
});

test("retries the last remaining member as its entry says", async () => {
  const retries = 'num_retries = 2\nretry_min_wait = "1ms"\nretry_max_wait = "1ms"';
  const { model, failing, asked, clock } = await group('members = ["one", "two"]', { one: retries, two: retries });
  failing.set("one", 500).set("two", 503);
  const failed = failureOf(model.codegen("Hello"));
  for (let round = 0; round < 200 && asked.length < 4; round++) await clock.advance(1);
  expect((await failed).code).toBe("all_models_failed");
  expect(asked).toEqual(["one", "two", "two", "two"]);
});

keyTest("groups.*.members[].model", "a member may be an alias", async () => {
  const { url, asked } = await deployments();
  const factory = factoryOf(
    `${members(url, { one: "" })}[aliases]\nfirst = "one"\n[groups.all]\nmembers = [{ model = "first" }]\n`,
  );
  await factory.create("all" as never).codegen("Hello");
  expect(asked).toEqual(["one"]);
});

keyTest("groups.*.members[].weight", "three of four calls go to the member with weight 3", async () => {
  const { ask } = await group('strategy = "weighted"\nmembers = [{ model = "one", weight = 3 }, "two"]');
  const { one = 0, two = 0 } = count(await ask(200));
  expect(one + two).toBe(200);
  expect(one / 200).toBeGreaterThan(0.67);
  expect(one / 200).toBeLessThan(0.83);
});

describe("strategies", () => {
  keyTest("groups.*.strategy", "round_robin takes turns", async () => {
    const { ask } = await group('strategy = "round_robin"\nmembers = ["one", "two", "three"]', {
      one: "",
      two: "",
      three: "",
    });
    expect(await ask(5)).toEqual(["one", "two", "three", "one", "two"]);
  });

  test("random shares evenly", async () => {
    const { ask } = await group('strategy = "random"\nmembers = ["one", "two"]');
    const { one = 0, two = 0 } = count(await ask(200));
    expect(Math.min(one, two)).toBeGreaterThan(75);
  });

  test("least_busy uses the member with the fewest in-flight calls", async () => {
    const { model, asked } = await group('strategy = "least_busy"\nmembers = ["one", "two", "three"]', {
      one: "",
      two: "",
      three: "",
    });
    await Promise.all(Array.from({ length: 6 }, () => model.codegen("Hello")));
    expect(count(asked)).toEqual({ one: 2, two: 2, three: 2 });
  });

  test("cost uses the cheapest, and members without a price last", async () => {
    const url = (await deployments()).url;
    const priced = (input: number) =>
      entry("openai", url, `pricing = { input = ${input}, output = 1 }`, {
        table: `p${input}`,
        name: `p${input}`,
        priced: false,
      });
    const free = entry("openai", url, "", { table: "unknown", name: "unknown", priced: false });
    const factory = factoryOf(
      `${free}${priced(5)}${priced(2)}[groups.all]\nstrategy = "cost"\nmembers = ["unknown", "p5", "p2"]\n`,
    );
    expect((await factory.create("all" as never).codegen("Hello")).model).toBe("p2");
  });

  test("usage uses the member with the fewest tokens in the last minute", async () => {
    const { url, asked } = await deployments();
    const clock = new FakeClock();
    const factory = factoryOf(
      `${members(url, { one: "", two: "" })}[groups.all]\nstrategy = "usage"\nmembers = ["one", "two"]\n`,
      { clock },
    );
    const model = factory.create("all" as never);
    for (let call = 0; call < 4; call++) await model.codegen("Hello");
    expect(count(asked)).toEqual({ one: 2, two: 2 });
  });

  test("latency uses the fastest member, after each was tried", async () => {
    const clock = new FakeClock();
    const waits: Record<string, number> = { slow: 500, fast: 20 };
    const asked: string[] = [];
    const { url } = await serve(({ body }, response) => {
      asked.push(String(body.model));
      const answer = () =>
        void response.setHeader("content-type", "application/json").end(JSON.stringify(chatBody("fine")));
      void clock.advance(waits[String(body.model)] ?? 0).then(answer);
    });
    const factory = factoryOf(
      `${members(url, { slow: "", fast: "" })}[groups.all]\nstrategy = "latency"\nmembers = ["slow", "fast"]\n`,
      { clock },
    );
    const model = factory.create("all" as never);
    for (let call = 0; call < 5; call++) await model.codegen("Hello");
    expect(asked).toEqual(["slow", "fast", "fast", "fast", "fast"]);
  });
});

describe("a member that fails", () => {
  keyTest("groups.*.{allowed_fails,cooldown}", "cools down for five seconds after three failures", async () => {
    const { ask, failing, clock } = await group('strategy = "round_robin"\nmembers = ["one", "two"]');
    failing.set("one", 500);
    await ask(6);
    expect(count(await ask(4))).toEqual({ two: 4 });
    failing.clear();
    await clock.advance(4_999);
    expect(count(await ask(2))).toEqual({ two: 2 });
    await clock.advance(1);
    expect(count(await ask(4))).toEqual({ one: 2, two: 2 });
  });

  test("cools down for the group's cooldown", async () => {
    const { ask, failing, clock } = await group('members = ["one", "two"]\nallowed_fails = 1\ncooldown = "1m"');
    failing.set("one", 500);
    expect(await ask(2)).toEqual(["one", "two", "two"]);
    failing.clear();
    await clock.advance(59_000);
    expect(await ask(1)).toEqual(["two"]);
    await clock.advance(1_000);
    expect(await ask(1)).toEqual(["one"]);
  });

  test("does not cool down or fall back for an invalid request", async () => {
    const { model, failing, asked } = await group('members = ["one", "two"]');
    failing.set("one", 400);
    for (let call = 0; call < 5; call++) expect((await failureOf(model.codegen("Hello"))).code).toBe("invalid_request");
    expect(count(asked)).toEqual({ one: 5 });
  });

  test.each([429, 401, 404])("cools down at once with status %i", async (status) => {
    const { ask, failing } = await group('members = ["one", "two"]');
    failing.set("one", status);
    expect(await ask(1)).toEqual(["one", "two"]);
    expect(await ask(3)).toEqual(["two", "two", "two"]);
  });

  test("is used when all members cool down", async () => {
    const { ask, failing, model } = await group('members = ["one", "two"]\nallowed_fails = 1', {
      one: "num_retries = 0",
      two: "num_retries = 0",
    });
    failing.set("one", 500).set("two", 500);
    await failureOf(model.codegen("Hello"));
    failing.clear();
    expect((await ask(1)).length).toBeGreaterThan(0);
  });

  test("comes last while its circuit breaker is open", async () => {
    const { ask, factory } = await group('members = ["one", "two"]');
    factory.breakers.isolate("one");
    expect(await ask(2)).toEqual(["two", "two"]);
  });
});

describe("a request that a member does not support", () => {
  const windows = { small: "capabilities = { context = 1000 }", large: "capabilities = { context = 100000 }" };

  test("goes to a member that does, and nowhere if none does", async () => {
    const { model, asked } = await group('strategy = "round_robin"\nmembers = ["small", "large"]', windows);
    for (let call = 0; call < 4; call++) await model.codegen("word ".repeat(5_000));
    expect(count(asked)).toEqual({ large: 4 });
    asked.length = 0;
    expect((await failureOf(model.codegen("word ".repeat(300_000)))).code).toBe("context_too_long");
    expect(asked).toEqual([]);
  });

  test("a capability that one member lacks is missing for the group", async () => {
    const { model } = await group('members = ["one", "two"]', {
      one: "capabilities = { tools = true }",
      two: "capabilities = { tools = false, vision = true }",
    });
    expect([model.supports("tools"), model.supports("vision")]).toEqual([false, true]);
  });
});

keyTest("groups.*.fallback_models", "fallbacks serve when all members fail", async () => {
  const { ask, failing } = await group('members = ["one", "two"]\nfallback_models = ["last", "one"]', {
    one: "",
    two: "",
    last: "",
  });
  failing.set("one", 500).set("two", 500);
  expect(await ask(1)).toEqual(["one", "two", "last"]);
});

test("a group in a fallback list means its members", async () => {
  const { url, asked, failing } = await deployments();
  failing.set("main", 500).set("one", 500);
  const entries = members(url, { main: 'num_retries = 0\nfallback_models = ["all"]', one: "num_retries = 0", two: "" });
  const factory = factoryOf(`${entries}[groups.all]\nmembers = ["one", "two"]\n`);
  expect((await factory.create("main" as never).codegen("Hello")).model).toBe("two");
  expect(asked).toEqual(["main", "one", "two"]);
});

test("a member without a key is skipped; a group without any says why", () => {
  const of = (table: string) =>
    `[models.${table}]\nname = "m"\nprovider = "openai"\napi_key = "env:KEY_${table.toUpperCase()}"\n`;
  const toml = `${of("one")}${of("two")}[groups.all]\nmembers = ["one", "two"]\n`;
  expect(
    factoryOf(toml, { env: { KEY_TWO: "k" } })
      .create("all" as never)
      .supports("tools"),
  ).toBe(true);
  expect(() => factoryOf(toml).create("all" as never)).toThrow("KEY_ONE is not set");
});
