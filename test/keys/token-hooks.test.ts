import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import type { FactoryOptions } from "../../src/factory/options.ts";
import { everythingOf, SECRETS, secretsIn } from "../harness/canary.ts";
import { AT_ONCE } from "../harness/entry.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { type Host, host } from "../harness/host.ts";
import { failureOf } from "../harness/outcomes.ts";
import { until } from "../harness/waits.ts";
import { factoryOf, PROMPT } from "./world.ts";

const HOUR_MS = 3_600_000;
const bearers = (server: Host) => server.arrivals.map(({ headers }) => headers.authorization?.replace("Bearer ", ""));

/** A host that takes only the tokens in `valid`. */
async function guarded(valid: Set<string>): Promise<Host> {
  const refuse = (response: ServerResponse) =>
    response
      .writeHead(401, { "content-type": "application/json" })
      .end('{"error":{"message":"token expired","code":"invalid_api_key"}}');
  return host({
    answer: ({ headers }, response) => {
      if (valid.has(headers.authorization?.replace("Bearer ", "") ?? "")) return false;
      refuse(response);
      return true;
    },
  });
}

const copilotAt = (server: Host, lines = "", table = "main") =>
  `[models.${table}]\nname = "gpt-4o"\nprovider = "copilot"\nbase_url = "${server.url}"\n${lines}\n`;

type Hook = NonNullable<FactoryOptions["tokens"]>[string];
const copilot = (server: Host, hook: Hook, { lines = "", ...options }: FactoryOptions & { lines?: string } = {}) =>
  factoryOf(copilotAt(server, lines), { ...options, tokens: { copilot: hook } }).create();

describe("a token of a hook is sent in the header of its provider:", () => {
  test.each([
    ["copilot", "", { authorization: "Bearer T", "editor-version": expect.any(String) }],
    ["vertex", 'vertex_project = "p"', { authorization: "Bearer T" }],
    ["azure", "", { authorization: "Bearer T" }],
    ["azure", 'api_version = "2024-10-21"', { authorization: "Bearer T" }],
    ["openai", "", { authorization: "Bearer T" }],
    ["anthropic", "", { authorization: "Bearer T" }],
    ["anthropic", 'auth_header = "x-api-key"', { "x-api-key": "T" }],
    ["google", "", { "x-goog-api-key": "T" }],
    ["my-own", 'custom_llm_provider = "openai"', { authorization: "Bearer T" }],
  ])("%s %s", async (provider, lines, expected) => {
    const server = await host();
    const asked: unknown[] = [];
    const toml = `[models.main]\nname = "m"\nprovider = "${provider}"\nbase_url = "${server.url}"\n${lines}`;
    const hook = async (request: unknown) => {
      asked.push(request);
      return "T";
    };
    const model = factoryOf(toml, { tokens: { [provider]: hook } }).create();
    expect((await model.codegen(PROMPT)).text).toBe("hello");
    const sent = server.arrivals[0]?.headers ?? {};
    expect(sent).toMatchObject(expected);
    const credentials = ["authorization", "x-api-key", "api-key", "x-goog-api-key"].filter((name) => name in sent);
    expect(credentials).toEqual(Object.keys(expected).filter((name) => name !== "editor-version"));
    expect(asked).toEqual([{ provider, model: "main" }]);
  });

  test("for token counts too", async () => {
    const server = await host({
      answer: ({ url }, response) => {
        response.setHeader("content-type", "application/json").end('{"input_tokens":7}');
        return url !== undefined;
      },
    });
    const toml = `[models.main]\nname = "m"\nprovider = "anthropic"\nbase_url = "${server.url}"`;
    let fails = false;
    const hook = async () => {
      if (fails) throw new Error("login needed");
      return "T";
    };
    const model = factoryOf(toml, { tokens: { anthropic: hook } }).create();
    expect(await model.countTokens(PROMPT, { exact: true })).toBe(7);
    expect(server.arrivals[0]?.headers.authorization).toBe("Bearer T");
    fails = true;
    const error = await failureOf(model.countTokens(PROMPT, { exact: true }));
    expect([error.code, error.message]).toEqual(["unauthorized", expect.stringContaining("login needed")]);
  });
});

describe("a token of a hook", () => {
  test("is used until a minute before it expires, then all calls wait for one new token", async () => {
    const server = await host();
    const clock = new FakeClock();
    let asked = 0;
    const model = copilot(server, async () => ({ token: `t${++asked}`, expiresAt: clock.now() + HOUR_MS }), { clock });
    const twenty = () => Promise.all(Array.from({ length: 20 }, () => model.codegen(PROMPT)));
    await twenty();
    await clock.advance(HOUR_MS - 61_000);
    await model.codegen(PROMPT);
    expect(new Set(bearers(server))).toEqual(new Set(["t1"]));
    await clock.advance(2_000);
    await twenty();
    expect(bearers(server).slice(21)).toEqual(Array.from({ length: 20 }, () => "t2"));
    expect(asked).toBe(2);
  });

  test("that is rejected is replaced once, in the same call without a retry", async () => {
    const server = await guarded(new Set(["t2"]));
    let asked = 0;
    const hook = async () => ({ token: `t${++asked}`, expiresAt: Date.now() + HOUR_MS });
    const model = copilot(server, hook, { lines: "num_retries = 0" });
    const reply = await model.codegen(PROMPT);
    expect(reply.attempts.map(({ outcome }) => outcome)).toEqual(["error", "ok"]);
    await model.codegen(PROMPT);
    expect(bearers(server)).toEqual(["t1", "t2", "t2"]);
    expect(asked).toBe(2);
  });

  test("that is rejected for concurrent calls is replaced by one of them", async () => {
    const server = await guarded(new Set(["t2"]));
    let asked = 0;
    const model = copilot(server, async () => ({ token: `t${++asked}`, expiresAt: Date.now() + HOUR_MS }));
    await Promise.all(Array.from({ length: 10 }, () => model.codegen(PROMPT)));
    expect(asked).toBe(2);
  });

  test("that is rejected is not sent again when the hook returns it again", async () => {
    const server = await guarded(new Set());
    let asked = 0;
    const model = copilot(server, async () => {
      asked += 1;
      return "same";
    });
    const error = await failureOf(model.codegen(PROMPT));
    expect([error.code, error.status]).toEqual(["unauthorized", 401]);
    expect(server.arrivals).toHaveLength(1);
    expect(asked).toBe(2);
  });

  test("whose replacement is rejected too fails the call after two requests", async () => {
    const server = await guarded(new Set());
    let asked = 0;
    const model = copilot(server, async () => ({ token: `t${++asked}`, expiresAt: Date.now() + HOUR_MS }));
    expect((await failureOf(model.codegen(PROMPT))).code).toBe("unauthorized");
    expect(bearers(server)).toEqual(["t1", "t2"]);
    await failureOf(model.stream(PROMPT).reply);
    expect(bearers(server)).toEqual(["t1", "t2", "t3", "t4"]);
  });

  test("that is still valid is used when its renewal fails", async () => {
    const server = await host();
    const clock = new FakeClock();
    let asked = 0;
    const hook = async () => {
      if (++asked > 1) throw new Error("the identity service is down");
      return { token: "t1", expiresAt: clock.now() + HOUR_MS };
    };
    const model = copilot(server, hook, { clock, lines: "num_retries = 0" });
    await model.codegen(PROMPT);
    await clock.advance(HOUR_MS - 30_000);
    expect((await model.codegen(PROMPT)).text).toBe("hello");
    await clock.advance(31_000);
    expect((await failureOf(model.codegen(PROMPT))).code).toBe("unauthorized");
    expect(bearers(server)).toEqual(["t1", "t1"]);
  });
});

describe("a token hook that fails", () => {
  test("is called once more, then the call fails with its message before anything is sent", async () => {
    const server = await host();
    let asked = 0;
    const cause = new Error("login needed");
    const hook = async () => {
      asked += 1;
      throw cause;
    };
    const error = await failureOf(copilot(server, hook, { lines: AT_ONCE }).codegen(PROMPT));
    expect(error).toMatchObject({ code: "unauthorized", provider: "copilot", model: "main", attempts: [], cause });
    expect(error.message).toBe('main: the token hook of "copilot" failed: login needed');
    expect([asked, server.arrivals.length]).toEqual([2, 0]);
  });

  test("temporarily does not fail the call", async () => {
    const server = await host();
    let asked = 0;
    const hook = async () => {
      if (++asked === 1) throw new Error("socket hang up");
      return "t2";
    };
    expect((await copilot(server, hook, { lines: AT_ONCE }).codegen(PROMPT)).text).toBe("hello");
    expect(bearers(server)).toEqual(["t2"]);
  });

  test("with a ModelError is retried according to its code", async () => {
    const server = await host();
    let asked = 0;
    const throwing = (code: "forbidden" | "server_error") => async () => {
      asked += 1;
      throw new ModelError({ code, message: "no seat" });
    };
    const lines = `num_retries = 2\n${AT_ONCE}`;
    const forbidden = await failureOf(copilot(server, throwing("forbidden"), { lines }).codegen(PROMPT));
    expect([forbidden.code, asked]).toEqual(["forbidden", 1]);
    const down = await failureOf(copilot(server, throwing("server_error"), { lines }).codegen(PROMPT));
    expect([down.code, asked]).toEqual(["server_error", 4]);
    expect(down.message).toContain("no seat");
  });

  test("leaves the call to a fallback", async () => {
    const server = await host();
    const spare = `[models.spare]\nname = "m"\nprovider = "openai"\napi_key = "k"\nbase_url = "${server.url}/v1"`;
    const toml = copilotAt(server, `fallback_models = ["spare"]\n${AT_ONCE}`) + spare;
    const tokens = { copilot: () => Promise.reject(new Error("login needed")) };
    expect((await factoryOf(toml, { tokens }).create().codegen(PROMPT)).model).toBe("spare");
  });

  test("rejects each waiting call with its own error", async () => {
    const server = await host();
    const model = copilot(server, () => Promise.reject(new Error("login needed")), { lines: "num_retries = 0" });
    const [one, other] = await Promise.all([failureOf(model.codegen(PROMPT)), failureOf(model.codegen(PROMPT))]);
    expect(one.message).toBe(other?.message);
    expect(one).not.toBe(other);
  });

  test.each<[unknown, string]>([
    [undefined, "it must return a string"],
    ["", "it must return a string"],
    [{}, "it must return a string"],
    [{ token: 7 }, "it must return a string"],
    [{ token: "t", expiresAt: "tomorrow" }, "expiresAt must be milliseconds"],
    [{ token: "t", expiresAt: Number.NaN }, "expiresAt must be milliseconds"],
    [{ token: "t", expiresAt: 1_767_225_600 }, "seconds times 1000"],
  ])("because it returns %j is reported at once", async (given, words) => {
    const server = await host();
    let asked = 0;
    const hook = async () => {
      asked += 1;
      return given as string;
    };
    const error = await failureOf(copilot(server, hook).codegen(PROMPT));
    expect(error.code).toBe("unauthorized");
    expect(error.message).toContain(words);
    expect([asked, server.arrivals.length]).toEqual([1, 0]);
  });

  test("because it is not a function is rejected with its name and without its value", async () => {
    const server = await host();
    const words = /^ModelFactory\.parse: tokens\.copilot must be a function, not a string$/;
    expect(() => copilot(server, "ghu" as never, { lines: AT_ONCE })).toThrow(words);
  });
});

describe("a token hook that hangs", () => {
  /** Never answers the first time it is asked. */
  function hangingOnce() {
    const hook = Object.assign(
      () => (++hook.asked === 1 ? new Promise<string>(() => {}) : Promise.resolve(`t${hook.asked}`)),
      { asked: 0 },
    );
    return hook;
  }

  test("is limited by timeout, and the next call calls it again", async () => {
    const server = await host();
    const clock = new FakeClock();
    const hook = hangingOnce();
    const model = copilot(server, hook, { clock, lines: "timeout = 5\nnum_retries = 0" });
    const hanging = failureOf(model.codegen(PROMPT));
    await until(() => hook.asked === 1);
    await clock.advance(5_000);
    const error = await hanging;
    expect([error.code, error.phase]).toEqual(["timed_out", "attempt"]);
    expect(error.message).toContain("no credential within 5 s");
    await model.codegen(PROMPT);
    expect(bearers(server)).toEqual(["t2"]);
    expect(clock.pending).toBe(0);
  });

  test("is called again in the same call", async () => {
    const server = await host();
    const clock = new FakeClock();
    const hook = hangingOnce();
    const model = copilot(server, hook, { clock, lines: 'timeout = 5\nretry_min_wait = "1ms"' });
    const answer = model.codegen(PROMPT);
    await until(() => hook.asked === 1);
    await clock.advance(5_100);
    await answer;
    expect(bearers(server)).toEqual(["t2"]);
  });

  test("does not block an abort, or the next call", async () => {
    const server = await host();
    const hook = hangingOnce();
    const model = copilot(server, hook);
    const controller = new AbortController();
    const hanging = failureOf(model.codegen(PROMPT, { signal: controller.signal }));
    await until(() => hook.asked === 1);
    controller.abort();
    expect((await hanging).code).toBe("aborted");
    await model.codegen(PROMPT);
    expect(bearers(server)).toEqual(["t2"]);
  });

  test("continues for the other waiting calls when one aborts", async () => {
    const server = await host();
    let give = (_: string) => {};
    let asked = 0;
    const model = copilot(server, () => {
      asked += 1;
      return new Promise<string>((resolve) => {
        give = resolve;
      });
    });
    const controller = new AbortController();
    const leaving = failureOf(model.codegen(PROMPT, { signal: controller.signal }));
    const staying = model.codegen(PROMPT);
    await until(() => asked === 1);
    controller.abort();
    await leaving;
    const later = model.codegen(PROMPT);
    give("t1");
    await Promise.all([staying, later]);
    expect([asked, bearers(server)]).toEqual([1, ["t1", "t1"]]);
  });
});

describe("a token never appears", () => {
  test("in the log, the factory, or errors of a provider or hook that repeats it", async () => {
    const { token } = SECRETS;
    const lines: unknown[] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const logger = { debug: note, info: note, warn: note, error: note };
    const server = await host({
      answer: ({ headers }, response) => {
        if (headers["x-echo"] === undefined) return false;
        const body = JSON.stringify({ error: { message: `no such token: ${headers.authorization}` } });
        response.writeHead(401, { "content-type": "application/json" }).end(body);
        return true;
      },
    });
    let fails: unknown;
    const hook = async () => {
      if (fails !== undefined) throw fails;
      return token;
    };
    const toml = `[logging]\nlevel = "debug"\nlog_content = true\n${copilotAt(server, AT_ONCE)}`;
    const factory = factoryOf(toml, { tokens: { copilot: hook }, logger });
    const model = factory.create();
    await model.codegen(PROMPT);
    const shown: unknown[] = [factory, model, model.config, factory.describe("main")];
    shown.push(await failureOf(model.codegen(PROMPT, { extraHeaders: { "x-echo": "1" } })));
    for (const thrown of [
      new Error(`POST /token refused: {"refresh_token":"${token}"}`),
      Object.assign(new Error("request failed"), { config: { headers: { authorization: `Bearer ${token}` } } }),
      `bad token ${token}`,
    ]) {
      fails = thrown;
      const error = await failureOf(model.codegen(PROMPT));
      expect(error.message).toMatch(/the token hook of "copilot" failed: (POST|request failed|bad token)/);
      shown.push(error);
    }
    expect(lines.length).toBeGreaterThan(5);
    expect(secretsIn([...shown, lines].map(everythingOf).join("\n"))).toEqual([]);
  });
});
