import { expect, onTestFinished, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { Container } from "../../src/inject/index.ts";
import { recordingTransport, startSimulator } from "../../src/testing/index.ts";

const TOML = '[models.m]\nname = "gpt-6-luna"\nprovider = "simulator"\n';
const NOTHING = Object.freeze({});

/** Values of every kind; none of them is right for an option that they are given to. */
type Bad = readonly [option: string, value: unknown, words: string];

function factory(): ModelFactory<Record<never, never>> {
  const made = ModelFactory.parse(TOML, { env: {} });
  onTestFinished(() => made.close());
  return made;
}

const FACTORY: readonly Bad[] = [
  ["env", 5, "env must be an object of strings, not 5"],
  ["env", { KEY: 5 }, "env must be an object of strings, not an object"],
  ["profile", 5, "profile must be a string, not 5"],
  ["catalog", true, "catalog must be a path or false, not true"],
  ["simulate", "yes", "simulate must be true or false, not a string"],
  ["baseDir", 5, "baseDir must be a string, not 5"],
  ["providers", { own: {} }, "providers.own must be a dialect, not an object"],
  ["tokens", { openai: "sk-secret" }, "tokens.openai must be a function, not a string"],
  ["logger", { warn: () => {} }, "logger must be a logger, with debug, info, warn and error, not an object"],
  ["transport", {}, "transport must be a function or an object with fetch, not an object"],
  ["clock", { now: 5 }, "clock must be an object with now, monotonic or schedule, not an object"],
  ["random", 0.5, "random must be a function, not 0.5"],
];

const CALLS: Readonly<Record<string, readonly [(options: never) => unknown, readonly Bad[]]>> = {
  "ModelFactory.parse": [(options) => ModelFactory.parse(TOML, options), FACTORY],
  "ModelFactory.load": [(options) => ModelFactory.load("models.toml", options), FACTORY],
  create: [
    (options) => factory().create("m", options),
    [
      ["fresh", 1, "fresh must be true or false, not 1"],
      ["scope", { org: 5 }, "scope.org must be a string"],
    ],
  ],
  health: [
    (options) => factory().health(options),
    [
      ["timeoutMs", "5s", "timeoutMs must be a positive number of milliseconds, not a string"],
      ["timeoutMs", 0, "timeoutMs must be a positive number of milliseconds, not 0"],
      ["timeoutMs", Number.NaN, "timeoutMs must be a positive number of milliseconds, not NaN"],
      ["names", "m", "names must be an array of strings, not a string"],
    ],
  ],
  discover: [
    (options) => factory().discover("m", options),
    [
      ["timeoutMs", "x", "timeoutMs must be a positive number of milliseconds, not a string"],
      ["key", "first", "key must be an integer from 0, not a string"],
      ["signal", {}, "signal must be an AbortSignal, not an object"],
    ],
  ],
  session: [
    (options) => factory().create().session(options),
    [
      ["memory", "all", "memory must be a positive integer (omit it to keep everything), not a string"],
      ["system", 5, "system must be a string, not 5"],
      ["messages", "Hello", "expected an array of messages, got string"],
    ],
  ],
  countTokens: [
    (options) => factory().create().countTokens("Hello", options),
    [["exact", "yes", "countTokens: exact must be true or false"]],
  ],
  startSimulator: [
    (options) => startSimulator(options),
    [
      ["port", -1, "port must be an integer from 0 to 65535, not -1"],
      ["answers", {}, "answers must be a function, not an object"],
      ["delayMs", "1s", "delayMs must be a number of milliseconds, not a string"],
      ["seed", {}, "seed must be a number or a string, not an object"],
      ["unref", 1, "unref must be true or false, not 1"],
    ],
  ],
  recordingTransport: [
    (options) => recordingTransport(options),
    [
      ["answer", {}, "answer must be a function, not an object"],
      ["through", {}, "through must be a transport, with fetch and close, not an object"],
    ],
  ],
  Container: [
    (options) => new Container({ specs: {}, ...(options as object) }),
    [
      ["modules", [], "modules must be an object, not an array"],
      ["values", 5, "values must be an object, not 5"],
    ],
  ],
};

const ROWS = Object.entries(CALLS).flatMap(([name, [call, bad]]) =>
  bad.map(([option, value, words]) => [name, option, value, words, call] as const),
);

const ended = async (call: () => unknown): Promise<unknown> => {
  try {
    return await call();
  } catch (error) {
    return error;
  }
};

test.each(ROWS)("%s refuses %s: %o", async (_name, option, value, words, call) => {
  const error = await ended(() => call({ [option]: value } as never));
  expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining(words) });
});

test.each(Object.entries(CALLS))("%s refuses an option that it does not have", async (_name, [call]) => {
  const error = await ended(() => call({ optoin: 1 } as never));
  expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining("optoin") });
});

test.each(Object.entries(CALLS).filter(([name]) => name !== "Container"))(
  "%s refuses options that are not an object",
  async (_name, [call]) => {
    const error = await ended(() => call(5 as never));
    expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining("must be an object") });
  },
);

test("an option that is undefined is not given", async () => {
  const made = ModelFactory.parse(TOML, { env: {}, clock: undefined, logger: undefined, profile: undefined } as never);
  onTestFinished(() => made.close());
  const model = made.create("m", { fresh: undefined, scope: undefined });
  expect(await made.health({ names: undefined, timeoutMs: undefined } as never)).toMatchObject({
    m: { healthy: true },
  });
  expect(await model.countTokens("Hello", { exact: undefined } as never)).toBeGreaterThan(0);
  expect(model.session({ memory: undefined, system: undefined }).messages).toEqual([]);
});

test("a listener and a text of another kind are refused", async () => {
  const made = factory();
  expect(await ended(() => made.watch(5 as never))).toMatchObject({ code: "invalid_request" });
  expect(await ended(() => made.reload(NOTHING as never))).toMatchObject({ code: "invalid_request" });
});
