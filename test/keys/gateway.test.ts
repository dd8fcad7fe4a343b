import { expect, onTestFinished } from "vitest";
import { gateway } from "../../src/gateway/gateway.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";
import { simulateUnchecked } from "../harness/simulated.ts";
import { cli } from "../harness/terminal.ts";
import { keyTest } from "./key-test.ts";
import { entry, factoryOf, simulate } from "./world.ts";

const BODY = { model: "main", messages: [{ role: "user", content: "Hello" }] };

function request(headers: Readonly<Record<string, string>> = {}, more: object = {}, host = "localhost"): Request {
  const body = JSON.stringify({ ...BODY, ...more });
  return new Request(`http://${host}/v1/chat/completions`, { method: "POST", headers, body });
}

async function served(lines: string, options: Parameters<typeof simulate>[0] = {}, clock?: FakeClock) {
  const simulator = await simulate(options);
  const toml = `[gateway]\n${lines}\n${entry("openai", simulator, "num_retries = 0")}`;
  const made = gateway({ factory: factoryOf(toml, clock && { clock }), ...(clock && { clock }) });
  onTestFinished(() => made.close());
  return { fetch: made.fetch, close: made.close, simulator };
}

/** What `modelwright serve` writes until the first answer. */
async function serve(lines: string, ...flags: readonly string[]) {
  const interruption = new AbortController();
  let asked = false;
  const toml = `[gateway]\n${lines}\n[models.main]\nname = "gpt-4.1"\nprovider = "simulator"\n`;
  return cli(["serve", "--json", ...flags], {
    toml,
    interrupted: interruption.signal,
    async onOutput(output) {
      if (asked || !output.endsWith("}\n")) return;
      asked = true;
      const { url } = JSON.parse(output) as { url: string };
      await fetch(`${url}/v1/models`);
      interruption.abort();
    },
  });
}

keyTest("gateway", "is not needed", async () => {
  const simulator = await simulate();
  const made = gateway({ factory: factoryOf(entry("openai", simulator)) });
  onTestFinished(() => made.close());
  expect((await made.fetch(request())).status).toBe(200);
});

keyTest("gateway.{host,port}", "are where it listens; flags win, and another address needs keys", async () => {
  const { out } = await serve('host = "127.0.0.2"\nport = 0');
  expect(out).toContain('"url": "http://127.0.0.2:');
  expect((await serve('host = "127.0.0.2"\nport = 1', "--port", "0", "--host", "127.0.0.1")).out).toContain(
    '"url": "http://127.0.0.1:',
  );
  const { code, err } = await serve('host = "0.0.0.0"\nport = 0');
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("0.0.0.0 is not a loopback address") });
});

keyTest("gateway.access_log", async () => {
  const line = '"path":"/v1/models","status":200';
  expect((await serve("port = 0")).err).toContain(line);
  expect((await serve("port = 0\naccess_log = false")).err).not.toContain(line);
});

keyTest("gateway.max_body", async () => {
  const { fetch } = await served("max_body = 200");
  expect((await fetch(request())).status).toBe(200);
  expect((await fetch(request({}, { user: "x".repeat(200) }))).status).toBe(413);
});

keyTest("gateway.max_in_flight", async () => {
  const { fetch } = await served("max_in_flight = 1", { script: [{ delayMs: 100 }] });
  const statuses = await Promise.all([fetch(request()), fetch(request())].map(async (one) => (await one).status));
  expect(statuses.sort()).toEqual([200, 503]);
});

keyTest("gateway.commit_after", async () => {
  const clock = new FakeClock();
  const { fetch, simulator } = await served('commit_after = "2s"', { script: [{ stall: { afterEvents: 0 } }] }, clock);
  let status: number | undefined;
  const responding = fetch(request({}, { stream: true })).then((response) => {
    status = response.status;
    return response;
  });
  while (simulator.requests.length === 0) await quiet();
  await clock.advance(1_900);
  expect(status).toBeUndefined();
  await clock.advance(200);
  await (await responding).body?.cancel();
  expect(status).toBe(200);
});

keyTest("gateway.keep_responses", async () => {
  const clock = new FakeClock();
  const ask = async (lines: string) => {
    const { fetch } = await served(lines, {}, clock);
    const post = (more: object) =>
      fetch(
        new Request("http://localhost/v1/responses", {
          ...{ method: "POST", body: JSON.stringify({ model: "main", input: "Hello", ...more }) },
        }),
      );
    const { id: previous_response_id, store } = (await (await post({})).json()) as { id: string; store: boolean };
    return { store, again: async () => (await post({ previous_response_id })).status };
  };
  const minute = await ask('keep_responses = "1m"');
  expect([minute.store, await minute.again()]).toEqual([true, 200]);
  await clock.advance(61_000);
  expect(await minute.again()).toBe(400);
  const off = await ask("keep_responses = 0");
  expect([off.store, await off.again()]).toEqual([false, 400]);
});

keyTest("gateway.drain", async () => {
  const clock = new FakeClock();
  const { fetch, close } = await served('drain = "3s"', { script: [{ stall: { afterEvents: 4 } }] }, clock);
  const responding = fetch(request({}, { stream: true }));
  const ended = (await clock.settle(responding)).text();
  let closed = false;
  const closing = close().then(() => {
    closed = true;
  });
  await clock.advance(2_900);
  expect(closed).toBe(false);
  await clock.advance(200);
  await closing;
  expect(await ended).not.toContain("[DONE]");
});

keyTest("gateway.allowed_hosts", async () => {
  const { fetch } = await served('allowed_hosts = ["gate.local"]');
  expect((await fetch(request({}, {}, "gate.local"))).status).toBe(200);
  expect((await fetch(request({}, {}, "evil.example"))).status).toBe(403);
});

keyTest("gateway.cors", async () => {
  const origin = "https://app.example";
  const { fetch } = await served(`cors = ["${origin}"]`);
  expect((await fetch(request({ origin }))).headers.get("access-control-allow-origin")).toBe(origin);
  expect((await fetch(request({ origin: "https://evil.example" }))).status).toBe(403);
});

const PRICED = "pricing = { input = 1, output = 1 }";
const MODEL = '[models.main]\nname = "m"\nprovider = "openai"\n';

/** A gateway whose client has the key of `ann`, with these lines. */
async function withKey(lines: string, tables = "") {
  const simulator = await simulate();
  const toml = `[gateway.keys.ann]\nkey = "env:ANN_KEY"\n${lines}\n${tables}\n${entry("openai", simulator, PRICED)}`;
  const factory = factoryOf(toml, { env: { ANN_KEY: "mw-0123456789abcdef", OPENAI_API_KEY: "test-key" } });
  const made = gateway({ factory });
  onTestFinished(() => made.close());
  const fetch = (more: object = {}, key = "mw-0123456789abcdef") =>
    made.fetch(request({ authorization: `Bearer ${key}` }, more));
  return { fetch, made, factory, simulator };
}

keyTest("gateway.keys", "lets only their holders in, whichever way they send them", async () => {
  const { made, fetch, simulator } = await withKey("");
  expect((await fetch()).status).toBe(200);
  for (const name of ["x-api-key", "api-key", "x-goog-api-key"])
    expect((await made.fetch(request({ [name]: "mw-0123456789abcdef" }))).status).toBe(200);
  const refusals = [request(), request({ "x-api-key": "mw-another-key-here" })];
  const both = request({ "x-api-key": "mw-0123456789abcdef", authorization: "Bearer mw-another-key-here" });
  for (const one of [...refusals, both]) expect((await made.fetch(one)).status).toBe(401);
  expect(simulator.requests).toHaveLength(4);
  const sent = JSON.stringify(simulator.requests.map(({ headers }) => headers));
  expect(sent).not.toContain("mw-0123456789abcdef");
});

keyTest("gateway.keys", "may be resolved by the gateway alone: a program does not need their variables", async () => {
  const simulator = await simulate();
  const factory = factoryOf(`[gateway.keys.ann]\nkey = "env:NOT_SET"\n${entry("openai", simulator)}`);
  expect((await factory.create().codegen("Hello")).text).not.toBe("");
  const made = gateway({ factory });
  onTestFinished(() => made.close());
  const response = await made.fetch(request());
  expect([response.status, await response.text()]).toEqual([500, expect.stringContaining("NOT_SET is not set")]);
});

keyTest("gateway.keys.*.key", "is required and long", () => {
  expect(() => factoryOf(`[gateway.keys.ann]\n${MODEL}`)).toThrow('needs key = "env:NAME"');
  expect(() => factoryOf(`[gateway.keys.ann]\nkey = "short"\n${MODEL}`)).toThrow("at least 16 visible characters");
});

keyTest(
  "gateway.keys.*.key",
  "is refused if it is a placeholder, a broken reference, short, or that of another",
  async () => {
    for (const key of ["${ANN_KEY_OF_THE_GATEWAY}", "env:ann_key_of_the_gateway", "env:x"])
      expect(() => factoryOf(`[gateway.keys.ann]\nkey = "${key}"\n${MODEL}`)).toThrow("key");
    const two = '[gateway.keys.ann]\nkey = "env:ANN"\n[gateway.keys.bob]\nkey = "env:BOB"\n';
    for (const [BOB, words] of [
      ["b", "at least 16"],
      ["mw-ann-0123456789", "are equal"],
    ] as const) {
      const made = gateway({ factory: factoryOf(two + MODEL, { env: { ANN: "mw-ann-0123456789", BOB } }) });
      onTestFinished(() => made.close());
      const response = await made.fetch(request({ "x-api-key": "mw-ann-0123456789" }));
      expect([response.status, await response.text()]).toEqual([500, expect.stringContaining(words)]);
    }
  },
);

keyTest(
  "gateway.keys.*.key",
  "of a profile takes the place of that of the file, whose variable is not needed",
  async () => {
    const toml = `[gateway.keys.ann]\nkey = "env:NOT_SET"\n[profiles.dev.gateway.keys.ann]\nkey = "dev-key-0123456789"\n`;
    const simulator = await simulate();
    const made = gateway({ factory: factoryOf(toml + entry("openai", simulator), { profile: "dev" }) });
    onTestFinished(() => made.close());
    expect((await made.fetch(request({ "x-api-key": "dev-key-0123456789" }))).status).toBe(200);
  },
);

keyTest("gateway.keys.*.key", "that has no value rejects a reload; names that clients used do not", async () => {
  const simulator = await simulate();
  const toml = `[gateway.keys.ann]\nkey = "mw-0123456789abcdef"\n${entry("openai", simulator)}`;
  const factory = factoryOf(`${toml}[models.other]\nname = "m"\nprovider = "simulator"\n`);
  const made = gateway({ factory });
  onTestFinished(() => made.close());
  expect((await made.fetch(request({ "x-api-key": "mw-0123456789abcdef" }, { model: "other" }))).status).toBe(200);
  await expect(factory.reload(`[gateway.keys.bob]\nkey = "env:BOB_KEY"\n${toml}`)).rejects.toThrow(
    "BOB_KEY is not set",
  );
  expect((await made.fetch(request({ "x-api-key": "mw-0123456789abcdef" }))).status).toBe(200);
  await factory.reload(toml);
  expect((await made.fetch(request({ "x-api-key": "mw-0123456789abcdef" }, { model: "other" }))).status).toBe(404);
});

keyTest("gateway.keys.*.models", async () => {
  const { fetch, made } = await withKey('models = ["main"]', '[aliases]\nother = "main"\n');
  expect((await fetch()).status).toBe(200);
  expect((await fetch({ model: "other" })).status).toBe(404);
  const list = new Request("http://localhost/v1/models", { headers: { "x-api-key": "mw-0123456789abcdef" } });
  const { data } = (await (await made.fetch(list)).json()) as { data: readonly { id: string }[] };
  expect(data.map(({ id }) => id)).toEqual(["main"]);
  expect(() => factoryOf(`[gateway.keys.a]\nkey = "env:A"\nmodels = ["mian"]\n${MODEL}`)).toThrow("mian");
});

keyTest("gateway.keys.*.{user,tags}", async () => {
  const { fetch, factory, simulator } = await withKey('user = "ann"\ntags = ["web"]');
  await fetch({ user: "somebody" });
  expect(simulator.requests[0]?.body).toMatchObject({ user: "ann" });
  expect(Object.keys(factory.usage("tag"))).toEqual(["web"]);
});

keyTest(
  "gateway.keys.*.{budget,budget.*}",
  "is a budget of its own, or one that others are charged to too",
  async () => {
    const own = await withKey('budget = { usd = 0, period = "day" }');
    const refused = await own.fetch();
    expect([refused.status, refused.headers.get("x-should-retry")]).toEqual([429, "false"]);
    expect(await refused.text()).toContain("usd of [gateway.keys.ann.budget]");
    const paths = own.factory.lint().map(({ path }) => path);
    expect(paths).toContain("gateway.keys.ann.budget.usd");
    expect((await own.factory.budgets.status()).map(({ name }) => name)).toEqual(["gateway.keys.ann"]);
    const shared = await withKey('budget = "team"', '[budgets.team]\nusd = 5\nmatch = { tags = ["team"] }\n');
    await shared.fetch();
    expect((await shared.factory.budgets.status("team"))[0]?.spent).toBeGreaterThan(0);
    await shared.factory.create().codegen("Hello");
    expect(shared.factory.usage().cost.usd).toBeGreaterThan(
      (await shared.factory.budgets.status("team"))[0]?.spent ?? 0,
    );
    expect(() =>
      factoryOf(`[gateway.keys.a]\nkey = "env:A"\nbudget = "taem"\n[budgets.team]\nusd = 5\n${MODEL}`),
    ).toThrow("unknown budget");
  },
);

keyTest("gateway.keys.*.{rate_limit,rate_limit.*}", async () => {
  const { fetch, factory } = await withKey('rate_limit = { requests_per_minute = 1, on_exceeded = "refuse" }');
  expect([(await fetch()).status, (await fetch()).status]).toEqual([200, 429]);
  expect((await factory.create().codegen("Hello")).text).not.toBe("");
});

keyTest("gateway.keys.*.expires", "is the first day on which it is refused, in UTC", async () => {
  const clock = new FakeClock();
  const simulator = await simulate();
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  const tomorrow = new Date(clock.now() + 86_400_000).toISOString().slice(0, 10);
  const statusOf = async (day: string) => {
    const toml = `[gateway.keys.ann]\nkey = "mw-0123456789abcdef"\nexpires = ${day}\n${entry("openai", simulator)}`;
    const made = gateway({ factory: factoryOf(toml, { clock }), clock });
    onTestFinished(() => made.close());
    return (await made.fetch(request({ "x-api-key": "mw-0123456789abcdef" }))).status;
  };
  expect([await statusOf(today), await statusOf(tomorrow)]).toEqual([401, 200]);
  for (const wrong of ["07:32:00", "2027-01-01T23:00:00-05:00", "2027-01-01T23:00:00"])
    expect(() => factoryOf(`[gateway.keys.a]\nkey = "env:A"\nexpires = ${wrong}\n${MODEL}`), wrong).toThrow(
      "must be a date",
    );
});

keyTest("gateway.keys", "hides the stored responses of one key from others", async () => {
  const simulator = await simulate();
  const keys = ["ann", "bob"].map((name) => `[gateway.keys.${name}]\nkey = "mw-${name}-0123456789ab"\n`).join("");
  const made = gateway({ factory: factoryOf(keys + entry("openai", simulator)) });
  onTestFinished(() => made.close());
  const ask = (name: string, more: object) => {
    const headers = { authorization: `Bearer mw-${name}-0123456789ab` };
    const body = JSON.stringify({ model: "main", input: "Hello", ...more });
    return made.fetch(new Request("http://localhost/v1/responses", { method: "POST", headers, body }));
  };
  const { id } = (await (await ask("ann", {})).json()) as { id: string };
  expect((await ask("ann", { previous_response_id: id })).status).toBe(200);
  expect((await ask("bob", { previous_response_id: id })).status).toBe(400);
});

keyTest("models.*.client_fields", "are sent to a host that is not the vendor of the wire format", async () => {
  const simulator = await simulateUnchecked();
  const own = 'num_retries = 0\nclient_fields = ["min_p"]\ncustom_llm_provider = "openai"';
  const toml = entry("openai", simulator, own).replace(/provider = "openai"/, 'provider = "my-host"');
  const made = gateway({ factory: factoryOf(toml) });
  onTestFinished(() => made.close());
  const response = await made.fetch(request({}, { min_p: 0.1, top_a: 0.2 }));
  expect(response.headers.get("x-modelwright-adjustments")).toMatch(/^top_a: .*`client_fields`/);
  expect(simulator.requests[0]?.body).toMatchObject({ min_p: 0.1 });
  expect(simulator.requests[0]?.body).not.toHaveProperty("top_a");
});
