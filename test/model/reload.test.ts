import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigError, type FactoryOptions, ModelFactory, type ReloadEvent } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { type Arrival, chatBody, chatEvents, sendEvents, serve } from "../harness/small-server.ts";
import { until } from "../harness/waits.ts";

const named = (url: string, name: string, lines = "", table = "main") => entry("openai", url, lines, { table, name });
const echo = () => serve(({ body }: Arrival) => chatBody(String(body.model)));

async function refused(promise: Promise<unknown>): Promise<ConfigError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return error as ConfigError;
}

describe("reload", () => {
  test("changes what the next call of a model does, and says what changed", async () => {
    const { url } = await echo();
    const factory = factoryOf(named(url, "old"));
    const model = factory.create();
    expect((await model.codegen("Hello")).text).toBe("old");
    const changes = await factory.reload(named(url, "new", "temperature = 0.5") + named(url, "more", "", "more"));
    expect(changes).toEqual({ added: ["more"], removed: [], changed: ["main"] });
    expect((await model.codegen("Hello")).text).toBe("new");
    expect(model.config.temperature).toBe(0.5);
    expect(factory.create()).toBe(model);
    expect(factory.names()).toEqual(["main", "more"]);
  });

  test("keeps the old configuration for in-flight calls, including retries and fallbacks", async () => {
    let answer = () => {};
    const { url, arrivals } = await serve(({ body }, response) => {
      if (body.model !== "old") return chatBody(String(body.model));
      answer = () => void response.writeHead(500).end();
      return undefined;
    });
    const old =
      named(url, "old", 'num_retries = 0\nfallback_models = ["spare"]') + named(url, "spare-of-old", "", "spare");
    const factory = factoryOf(old);
    const model = factory.create("main" as never);
    const underWay = model.codegen("Hello");
    await until(() => arrivals.length === 1);
    await factory.reload(named(url, "new") + named(url, "spare-of-new", "", "spare"));
    answer();
    expect((await underWay).text).toBe("spare-of-old");
    expect((await model.codegen("Hello")).text).toBe("new");
  });

  test("uses the new file for a stream that was not started, and the old one for a started stream", async () => {
    const { url } = await serve(({ body }, response) => sendEvents(response, chatEvents([String(body.model), "!"])));
    const factory = factoryOf(named(url, "old"));
    const [begun, later] = [factory.create().stream("Hello"), factory.create().stream("Hello")];
    const events = begun[Symbol.asyncIterator]();
    await events.next();
    await factory.reload(named(url, "new"));
    expect((await later.reply).text).toBe("new!");
    for (let next = await events.next(); next.done !== true; next = await events.next());
    expect((await begun.reply).text).toBe("old!");
  });

  test("keeps usage, circuit breakers and cooldowns of group members", async () => {
    const { url } = await serve(({ body }, response) => {
      if (body.model === "ill") response.statusCode = 500;
      return body.model === "ill" ? {} : chatBody(String(body.model));
    });
    const group = '[groups.all]\nmembers = ["ill", "well"]\nallowed_fails = 1\n';
    const toml = (more: string) =>
      named(url, "ill", `num_retries = 0\ncircuit_breaker = { threshold = 1 }`, "ill") +
      named(url, "well", more, "well") +
      group;
    const factory = factoryOf(toml(""));
    const all = factory.create("all" as never);
    expect((await all.codegen("Hello")).attempts).toHaveLength(2);
    expect(factory.breakers.state("ill")).toBe("open");
    await factory.reload(toml("temperature = 0.5"));
    expect(factory.breakers.state("ill")).toBe("open");
    expect(factory.usage().calls).toBe(1);
    expect((await all.codegen("Hello")).attempts).toHaveLength(1);
  });

  test("changes nothing when the file is invalid", async () => {
    const { url } = await echo();
    const factory = factoryOf(named(url, "old"));
    const model = factory.create();
    const error = await refused(factory.reload(named(url, "new", "temprature = 1")));
    expect(error.problems[0]).toMatchObject({ path: "models.main.temprature", suggestion: "temperature" });
    expect((await model.codegen("Hello")).text).toBe("old");
  });

  test("is rejected when a model in use is missing or unusable", async () => {
    const { url } = await echo();
    const factory = factoryOf(named(url, "old") + named(url, "other", "", "other"));
    const model = factory.create("main" as never);
    expect((await refused(factory.reload(named(url, "other", "", "other")))).message).toContain('no longer has "main"');
    const needsKey = named(url, "new").replace('"test-key"', '"env:NOT_SET"');
    expect((await refused(factory.reload(needsKey))).message).toContain("NOT_SET is not set");
    expect((await model.codegen("Hello")).text).toBe("old");
    expect(await factory.reload(named(url, "old"))).toEqual({ added: [], removed: ["other"], changed: [] });
  });

  test("can run 100 times during 10,000 calls without failures or mixed configurations", async () => {
    const { url } = await serve(({ body }) => {
      const { model, temperature, seed, messages } = body as {
        model: string;
        temperature: number;
        seed: number;
        messages: { content: string }[];
      };
      return chatBody([model, temperature * 1_000, seed, messages[0]?.content].join(" "));
    });
    const toml = (n: number) =>
      named(url, `m${n}`, `temperature = ${n / 1_000}\nseed = ${n}\nsystem = "s${n}"\nmax_parallel = ${8 + (n % 3)}`);
    const factory = factoryOf(toml(0));
    const model = factory.create();
    const seen = new Set<string>();
    let left = 10_000;
    const caller = async () => {
      while (left-- > 0) {
        const { text } = await model.codegen("Hello");
        const [name = "", temperature, seed, system] = text.split(" ");
        const n = name.slice(1);
        if (Math.round(Number(temperature)) !== Number(n) || seed !== n || system !== `s${n}`)
          throw new Error(`mixed: ${text}`);
        seen.add(n);
      }
    };
    const callers = Promise.all(Array.from({ length: 16 }, caller));
    for (let n = 1; n <= 100; n++) {
      const until = 10_000 - n * 95;
      while (left > until) await new Promise(setImmediate);
      await factory.reload(toml(n));
    }
    await callers;
    expect(seen.size).toBeGreaterThan(90);
    expect(factory.usage().calls).toBe(10_000);
  }, 60_000);

  test("needs text for a factory from text, and none for one from a file", async () => {
    const { url } = await echo();
    const factory = factoryOf(named(url, "old"));
    expect((await refused(factory.reload())).message).toContain("pass the new text to reload()");
    expect(() => factory.watch()).toThrow("no file to watch");
    const { factory: loaded } = await inFolder({ "models.toml": named(url, "old") });
    expect((await refused(loaded.reload(named(url, "new")))).message).toContain("without text");
  });

  test("is rejected after close()", async () => {
    const factory = factoryOf(named("http://127.0.0.1:1", "old"));
    await factory.close();
    expect((await failureOf(factory.reload(""))).code).toBe("aborted");
    expect(() => factory.watch()).toThrow("closed");
  });
});

/** A folder with files, and a factory of its models.toml. */
async function inFolder(files: Readonly<Record<string, string>>, options: FactoryOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-reload-"));
  const write = (file: string, text: string) => {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    writeFileSync(join(folder, `${file}.new`), text);
    renameSync(join(folder, `${file}.new`), join(folder, file));
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  const factory = await ModelFactory.load(join(folder, "models.toml"), { env: {}, ...options });
  onTestFinished(async () => {
    await factory.close();
    rmSync(folder, { recursive: true });
  });
  const events: ReloadEvent[] = [];
  return { folder, write, factory, events };
}

describe("watch", () => {
  test("reloads when the file changes, and reports an invalid file while the old one stays in use", async () => {
    const { url } = await echo();
    const { write, factory, events } = await inFolder({ "models.toml": named(url, "old") });
    const model = factory.get("main");
    factory.watch((event) => events.push(event));
    write("models.toml", named(url, "new"));
    await until(() => events.length === 1);
    expect(events[0]).toEqual({ type: "reloaded", added: [], removed: [], changed: ["main"] });
    expect((await model.codegen("Hello")).text).toBe("new");
    write("models.toml", named(url, "bad", "temperature = 9"));
    await until(() => events.length === 2);
    expect(events[1]).toMatchObject({
      type: "rejected",
      error: { problems: [{ line: 7, path: "models.main.temperature" }] },
    });
    expect((await model.codegen("Hello")).text).toBe("new");
    write("models.toml", named(url, "newer"));
    await until(() => events.length === 3);
    expect((await model.codegen("Hello")).text).toBe("newer");
  });

  test("watches included files and new files that match a pattern", async () => {
    const { url } = await echo();
    const { write, factory, events } = await inFolder({
      "models.toml": 'include = ["team/*.toml"]\n',
      "team/one.toml": named(url, "one"),
    });
    factory.watch((event) => events.push(event));
    write("team/one.toml", named(url, "uno"));
    await until(() => events.length === 1);
    expect((await factory.get("main").codegen("Hello")).text).toBe("uno");
    write("team/two.toml", named(url, "two", "", "second"));
    await until(() => events.length === 2);
    expect(events[1]).toMatchObject({ type: "reloaded", added: ["second"] });
  });

  test("continues after a listener throws, and logs the error", async () => {
    const { url } = await echo();
    const told: unknown[] = [];
    const nothing = () => {};
    const logger = { debug: nothing, info: nothing, warn: nothing, error: (...words: unknown[]) => told.push(words) };
    const { write, factory, events } = await inFolder({ "models.toml": named(url, "old") }, { logger });
    factory.watch((event) => {
      events.push(event);
      if (events.length === 1) throw new Error("the listener's own");
    });
    write("models.toml", named(url, "new"));
    await until(() => told.length === 1);
    expect(told[0]).toEqual(["watching models.toml failed once", { reason: "Error: the listener's own" }]);
    write("models.toml", named(url, "newer"));
    await until(() => events.length === 2);
    expect((await factory.get("main").codegen("Hello")).text).toBe("newer");
  });

  test("watches a directory again after it was deleted and recreated", async () => {
    const { url } = await echo();
    const { folder, write, factory, events } = await inFolder({
      "models.toml": `include = ["team/*.toml"]\n${named(url, "main-model")}`,
      "team/one.toml": named(url, "one", "", "one"),
    });
    factory.watch((event) => events.push(event));
    rmSync(join(folder, "team"), { recursive: true });
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ type: "rejected", error: { problems: [{ path: "include[0]" }] } });
    expect(factory.names()).toEqual(["main", "one"]);
    write("team/two.toml", named(url, "two", "", "two"));
    await until(() => events.length === 2);
    expect(events[1]).toMatchObject({ type: "reloaded", added: ["two"], removed: ["one"] });
  });

  test("reports nothing when the content is unchanged, and nothing after close()", async () => {
    const { url } = await echo();
    const { write, factory, events } = await inFolder({ "models.toml": named(url, "old") });
    const watcher = factory.watch((event) => events.push(event));
    write("models.toml", named(url, "old"));
    write("other.toml", "");
    write("models.toml", named(url, "new"));
    await until(() => events.length === 1);
    watcher.close();
    write("models.toml", named(url, "newer"));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(events).toHaveLength(1);
    expect((await factory.get("main").codegen("Hello")).text).toBe("new");
  });
});
