import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import type { Dialect, FactoryOptions, Logger, UnavailableList } from "../../src/index.ts";
import { everythingOf, SECRETS, secretsIn } from "../harness/canary.ts";
import { type Loopback, serve } from "../harness/loopback.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { chatBody } from "../harness/small-server.ts";

const KEY = SECRETS.key;

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A host that lists these models and answers each of them. */
function hostWith(...models: readonly unknown[]): Promise<Loopback> {
  return serve((request, response) =>
    json(response, request.method === "GET" ? { data: models.map(modelOf) } : chatBody("fine")),
  );
}

const modelOf = (model: unknown) => (typeof model === "string" ? { id: model } : model);

/** `[providers.ollama]` at a server. */
const ollama = (origin: string, lines = "") =>
  `[providers.ollama]\nbase_url = "${origin}/v1"\napi_key = "${KEY}"\ndiscover = true\n${lines}\n`;

const WRITTEN = '[models.coder]\nname = "qwen3-coder"\nprovider = "ollama"\n';
const GONE = "http://127.0.0.1:9";

interface Warned {
  readonly logger: Logger;
  readonly warnings: unknown[];
}

function warned(): Warned {
  const warnings: unknown[] = [];
  const none = () => {};
  return { logger: { debug: none, info: none, error: none, warn: (...line) => warnings.push(line) }, warnings };
}

const namesOf = async (toml: string, options?: FactoryOptions) =>
  (await factoryOf(toml, options).list()).map(({ name }) => name);

describe("list()", () => {
  test("grows by the models of a provider with discover = true, under its name", async () => {
    const server = await hostWith("llama3.2:3b", { id: "hf.co/org/qwen3", context_length: 32_768 }, "embedder");
    const factory = factoryOf(`${WRITTEN}${ollama(server.origin)}`);
    const list = await factory.list();
    expect(list.map(({ name, provider, modelId }) => [name, provider, modelId])).toEqual([
      ["coder", "ollama", "qwen3-coder"],
      ["ollama/llama3.2:3b", "ollama", "llama3.2:3b"],
      ["ollama/hf.co/org/qwen3", "ollama", "hf.co/org/qwen3"],
      ["ollama/embedder", "ollama", "embedder"],
    ]);
    expect(list.map(({ discovered }) => discovered)).toEqual([
      undefined,
      { id: "llama3.2:3b" },
      { id: "hf.co/org/qwen3", context: 32_768 },
      { id: "embedder" },
    ]);
    expect(list.every(({ capabilities }) => typeof capabilities === "object")).toBe(true);
    expect(factory.names()).toEqual(["coder"]);
    expect(server.requests).toMatchObject([{ method: "GET", headers: { authorization: `Bearer ${KEY}` } }]);
    expect(secretsIn(everythingOf(list))).toEqual([]);
  });

  test("has entries, groups and no request without such a provider", async () => {
    const server = await hostWith("m");
    const toml = `${WRITTEN}[groups.both]\nmembers = ["coder"]\n${ollama(server.origin).replace("true", "false")}`;
    expect(await namesOf(toml)).toEqual(["coder", "both"]);
    expect(server.requests).toEqual([]);
  });

  test("needs no entry at all", async () => {
    const server = await hostWith("m");
    const factory = factoryOf(ollama(server.origin));
    expect((await factory.list()).map(({ name }) => name)).toEqual(["ollama/m"]);
    expect(() => factory.create()).toThrow("no default model; name one of ollama/MODEL, or set default_model");
  });

  test("shares one request among concurrent calls, and reuses it for five minutes", async () => {
    const server = await hostWith("m");
    let nowMs = 0;
    const factory = factoryOf(ollama(server.origin), { clock: { monotonic: () => nowMs } });
    await Promise.all([factory.list(), factory.list(), factory.list()]);
    nowMs = 299_999;
    await factory.list();
    expect(server.requests).toHaveLength(1);
    nowMs = 300_000;
    await factory.list();
    expect(server.requests).toHaveLength(2);
    await factory.list({ fresh: true });
    expect(server.requests).toHaveLength(3);
    await factory.reload(ollama(server.origin, "timeout = 5"));
    await factory.list();
    expect(server.requests).toHaveLength(4);
  });

  test("keeps names of the file, and drops hostile ids, duplicates and more than two thousand models", async () => {
    const hostile = ["two words", "\u001b[31mred", "", "x".repeat(300), 7, null, { id: "good", name: "again" }];
    const many = Array.from({ length: 2_100 }, (_, index) => `m-${index}`);
    const server = await hostWith("good", "mine", "other", ...hostile, "__proto__", ...many);
    const { logger, warnings } = warned();
    const toml = `${WRITTEN}[models."ollama/mine"]\nname = "real"\nprovider = "ollama"\n[aliases]\n"ollama/other" = "coder"\n${ollama(server.origin)}`;
    const list = await factoryOf(toml, { logger }).list();
    expect(list).toHaveLength(2 + 2_000);
    expect(list.slice(0, 5).map(({ name, modelId }) => [name, modelId])).toEqual([
      ["coder", "qwen3-coder"],
      ["ollama/mine", "real"],
      ["ollama/good", "good"],
      ["ollama/__proto__", "__proto__"],
      ["ollama/m-0", "m-0"],
    ]);
    expect(warnings).toEqual([["list of models cut", { provider: "ollama", models: 2_102, listed: 2_000 }]]);
  });

  test("checks the ids of a dialect from code, too", async () => {
    const mine: Dialect = {
      name: "mine",
      async *open() {},
      listModels: async () => [{ id: "one" }, { id: "two words" }, { id: "one" }],
    };
    const toml = "[providers.mine]\ndiscover = true\n";
    expect(await namesOf(toml, { providers: { mine } })).toEqual(["mine/one"]);
  });
});

describe("a list that is not available", () => {
  test.each([
    ["an unreachable host", GONE, "", /127\.0\.0\.1:9/, /check that ollama is running and reachable, and base_url/],
    ["a rejected key", "", "", /check api_key of \[providers\.ollama\]/, undefined],
    ["a missing key", GONE, 'api_key = "env:OLLAMA_KEY"', /OLLAMA_KEY/, undefined],
  ])("%s is a warning, and the models of the file remain", async (_, origin, lines, reason, help) => {
    const refusing = await serve((_request, response) => json(response, { error: { message: `no ${KEY}` } }, 401));
    const base = ollama(origin === "" ? refusing.origin : origin);
    const toml = lines === "" ? base : base.replace(/^api_key.*$/m, lines);
    const { logger, warnings } = warned();
    const told: UnavailableList[] = [];
    const factory = factoryOf(`${WRITTEN}${toml}`, { logger });
    const list = await factory.list({ onUnavailable: (one) => told.push(one) });
    expect(list.map(({ name }) => name)).toEqual(["coder"]);
    expect(warnings).toEqual([
      [
        "models not discovered",
        { provider: "ollama", reason: expect.stringMatching(reason), help: help && expect.stringMatching(help) },
      ],
    ]);
    expect(told).toMatchObject([{ provider: "ollama", error: { message: expect.stringMatching(reason) } }]);
    await factory.list();
    expect(warnings).toHaveLength(1);
    expect(secretsIn(everythingOf([warnings, told]))).toEqual([]);
  });

  test("a provider without a list says to write its models", async () => {
    const { logger, warnings } = warned();
    const toml = `[providers.azure]\nbase_url = "${GONE}"\napi_key = "${KEY}"\ndiscover = true\n`;
    expect(await namesOf(toml, { logger })).toEqual([]);
    expect(warnings).toMatchObject([
      [
        "models not discovered",
        { reason: expect.stringContaining("Azure"), help: expect.stringContaining("[models.NAME]") },
      ],
    ]);
  });

  test("the last list is kept, and requested again after 30 seconds", async () => {
    let isDown = false;
    const server = await serve((_, response) =>
      isDown ? json(response, { error: { message: "down" } }, 503) : json(response, { data: [{ id: "m" }] }),
    );
    let nowMs = 0;
    const { logger, warnings } = warned();
    const factory = factoryOf(ollama(server.origin), { logger, clock: { monotonic: () => nowMs } });
    const names = async () => (await factory.list()).map(({ name }) => name);
    await names();
    isDown = true;
    nowMs = 300_000;
    expect(await names()).toEqual(["ollama/m"]);
    nowMs += 29_999;
    await names();
    expect([server.requests.length, warnings.length]).toEqual([2, 1]);
    isDown = false;
    nowMs += 1;
    await names();
    expect([server.requests.length, warnings.length]).toEqual([3, 1]);
  });

  test("a silent host costs the timeout, other providers are listed, and a caller can abort", async () => {
    const silent = await serve(() => {});
    const good = await hostWith("m");
    const toml = `${ollama(silent.origin)}[providers.vllm]\nbase_url = "${good.origin}/v1"\ndiscover = true\n`;
    const deadlines = new Set<() => void>();
    const schedule = (run: () => void, delayMs: number) => {
      if (delayMs !== 4_321) return systemClock.schedule(run, delayMs);
      deadlines.add(run);
      return () => deadlines.delete(run);
    };
    const factory = factoryOf(toml, { clock: { schedule } });
    const told: UnavailableList[] = [];
    const listing = factory.list({ timeoutMs: 4_321, onUnavailable: (one) => told.push(one) });
    while (silent.requests.length === 0 || deadlines.size > 1) await new Promise(setImmediate);
    for (const run of deadlines) run();
    const list = await listing;
    expect(list.map(({ name }) => name)).toEqual(["vllm/m"]);
    expect(told).toMatchObject([{ provider: "ollama", error: { code: "timed_out" } }]);
    const controller = new AbortController();
    const waiting = failureOf(factory.list({ fresh: true, signal: controller.signal }));
    controller.abort();
    expect((await waiting).code).toBe("aborted");
  });
});

describe("a model of a provider with discover = true", () => {
  test("is created and called with the provider's settings, without a request for the list", async () => {
    const server = await hostWith("m");
    const factory = factoryOf(ollama(server.origin, "temperature = 0.25"));
    const model = factory.create("ollama/org/some:model");
    expect(factory.get("ollama/org/some:model")).toBe(model);
    expect((await model.codegen("Hi.")).text).toBe("fine");
    expect(factory.describe("ollama/org/some:model")).toMatchObject({ modelId: "org/some:model", provider: "ollama" });
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(["POST /v1/chat/completions"]);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.parse(server.requests[0]?.body ?? "")).toMatchObject({ model: "org/some:model", temperature: 0.25 });
  });

  test("may be a default, an alias, a parent, a group member and a fallback", async () => {
    const failing = await serve((_, response) => json(response, { error: { message: "down" } }, 503));
    const server = await hostWith();
    const main = `[models.main]\nname = "m"\nprovider = "x"\ncustom_llm_provider = "openai"\nbase_url = "${failing.origin}"\nnum_retries = 0\nfallback_models = ["ollama/spare"]\n`;
    const child = '[models.child]\nextends = "ollama/parent"\nseed = 5\n';
    const names = '[aliases]\nshort = "ollama/aliased"\n[groups.team]\nmembers = ["ollama/member", "main"]\n';
    const factory = factoryOf(`default_model = "ollama/first"\n${main}${child}${names}${ollama(server.origin)}`);
    for (const name of [undefined, "short", "child", "team", "main"]) await factory.create(name).codegen("Hi.");
    expect(server.requests.map(({ body }) => JSON.parse(body).model)).toEqual([
      ...["first", "aliased", "parent", "member", "spare"],
    ]);
  });

  test("is what a budget and a rate limit match", async () => {
    const toml = `${ollama(GONE)}[budgets.b]\nusd = 1\nperiod = "day"\nmatch = { providers = ["ollama"] }\n[rate_limits.r]\nrequests_per_minute = 5\nmatch = { models = ["ollama/m"] }\n[ledger]\npath = "l.db"\n`;
    expect(factoryOf(toml, { readOnly: true, baseDir: "." }).lint()).toEqual([]);
  });

  test("stays usable over a reload, unless its provider loses discover", async () => {
    const server = await hostWith();
    const factory = factoryOf(`${WRITTEN}${ollama(server.origin)}`);
    const model = factory.create("ollama/m");
    await factory.reload(`${WRITTEN}${ollama(server.origin, "seed = 7")}`);
    await model.codegen("Hi.");
    expect(JSON.parse(server.requests[0]?.body ?? "")).toMatchObject({ seed: 7 });
    await expect(factory.reload(WRITTEN)).rejects.toThrow('no longer has "ollama/m"');
  });

  test.each(["ollama/", "ollama", "ollama/two words", "ollama/\u0007", `ollama/${"x".repeat(300)}`, "vllm/m", "/m"])(
    "%j is not one",
    (name) => {
      const factory = factoryOf(`${WRITTEN}${ollama(GONE)}`);
      expect(() => factory.create(name)).toThrow(/unknown model .*; known models: coder, ollama\/MODEL/);
    },
  );

  test("is simulated like any other", async () => {
    const factory = factoryOf(ollama(GONE), { simulate: true });
    expect((await factory.create("ollama/llama3.2").codegen("Hi.")).provider).toBe("simulator");
    expect(
      (await factory.list()).every(({ name, provider }) => name.startsWith("ollama/") && provider === "simulator"),
    ).toBe(true);
  });
});

describe("a file with discover", () => {
  const mistake = (toml: string) => () => factoryOf(toml);

  test.each([
    ["[providers.olama]\ndiscover = true\n", 'did you mean "ollama"?'],
    ["[providers.my-host]\ndiscover = true\n", "custom_llm_provider and base_url are missing"],
    [`${WRITTEN}discover = true\n`, '"discover" belongs in [providers.NAME]'],
    [`${WRITTEN}[defaults]\ndiscover = true\n`, '"discover" belongs in [providers.NAME]'],
    [`${WRITTEN}[providers.ollama]\ndiscover_models = true\n`, 'did you mean "discover"?'],
    [`${WRITTEN}[providers.ollama]\ndiscover = "yes"\n`, "discover"],
    [`${WRITTEN}fallback_models = ["vllm/m"]\n${ollama(GONE)}`, 'unknown entry "vllm/m"'],
  ])("%j is an error", (toml, words) => {
    expect(mistake(toml)).toThrow(words);
  });

  test("may be of a host that is not built in, in a profile, or set by a variable", async () => {
    const server = await hostWith("m");
    const own = `[providers.my-host]\ncustom_llm_provider = "openai"\nbase_url = "${server.origin}/v1"\n`;
    expect(await namesOf(`${own}discover = true\n`)).toEqual(["my-host/m"]);
    const profile = `${WRITTEN}${ollama(server.origin).replace("discover = true", "")}[profiles.dev.providers.ollama]\ndiscover = true\n`;
    expect(await namesOf(profile)).toEqual(["coder"]);
    expect(await namesOf(profile, { profile: "dev" })).toEqual(["coder", "ollama/m"]);
    const env = { MODELWRIGHT_PROVIDERS__OLLAMA__DISCOVER: "true" };
    expect(await namesOf(profile, { env })).toEqual(["coder", "ollama/m"]);
  });
});
