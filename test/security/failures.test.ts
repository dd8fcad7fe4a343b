import http from "node:http";
import type net from "node:net";
import { describe, expect, test, vi } from "vitest";
import { type FactoryOptions, type ModelError, ModelFactory } from "../../src/index.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { serving } from "../harness/ask.ts";
import {
  ANSWER,
  ANSWER_MARK,
  around,
  everythingOf,
  INPUT,
  PROMPT_MARK,
  promptsIn,
  SECRETS,
  secretsIn,
} from "../harness/canary.ts";
import { listen } from "../harness/loopback.ts";
import { SMALL_BODY, smallBody, smallStream } from "../harness/small-answers.ts";
import { factoryWith, HOSTS } from "./hosts.ts";

const { key, secondKey, header, proxyPassword, query, token } = SECRETS;
const OPENAI = (origin: string) =>
  `provider = "some-host"\ncustom_llm_provider = "openai"\nbase_url = "${origin}/v1"\napi_key = "${key}"\nextra_headers = { x-gateway-token = "${header}" }`;
const PROXY_USER = (port: number) => `http://clerk:${encodeURIComponent(proxyPassword)}@127.0.0.1:${port}`;

/** Asserts that a text contains no secrets, and no prompts unless they are allowed. */
function expectKept(text: string, mayHoldPrompts = false): void {
  const found = [...secretsIn(text), ...(mayHoldPrompts ? [] : promptsIn(text))];
  expect(found, around(text, found)).toEqual([]);
}

interface Failing {
  readonly error: ModelError;
  /** Error, log, factory, model and their descriptions. */
  readonly text: string;
}

async function fail(entry: string, options: FactoryOptions = {}, call: object = {}): Promise<Failing> {
  const { factory, log } = factoryWith(entry, options);
  const model = factory.get("asked");
  const outcome = await model.safeCodegen(INPUT, call);
  if (outcome.ok) throw new Error("expected a failure");
  const { error } = outcome;
  const text = [error, outcome, factory, factory.describe("asked"), model, model.config].map(everythingOf).join("\n");
  return { error, text: `${text}\n${log()}` };
}

/** A proxy that answers everything with `status` and echoes the request. */
async function proxyThat(status: number) {
  const heads: string[] = [];
  const note = ({ method, url, headers }: http.IncomingMessage) => {
    heads.push(`${method} ${url} ${JSON.stringify(headers)}`);
    return heads.at(-1) ?? "";
  };
  const server = http.createServer((request, response) => void response.writeHead(status).end(note(request)));
  server.on("connect", (request, socket: net.Socket) =>
    socket.end(`HTTP/1.1 ${status} No\r\nx-echo: ${Buffer.from(note(request)).toString("base64")}\r\n\r\n`),
  );
  return { port: (await listen(server)).port, heads };
}

describe("a transport failure shows no secret:", () => {
  test("a refused connection", async () => {
    const { error, text } = await fail(OPENAI("http://127.0.0.1:1"));
    expect(error.code).toBe("connection_failed");
    expectKept(text);
  });

  test("a host that cannot be resolved", async () => {
    const { error, text } = await fail(OPENAI("http://no-such-host.invalid"));
    expect(error.code).toBe("connection_failed");
    expectKept(text);
  });

  test.each(["http", "https"])("an unreachable proxy, for %s", async (scheme) => {
    const { error, text } = await fail(`${OPENAI(`${scheme}://example.invalid`)}\nproxy = "${PROXY_USER(1)}"`);
    expect(error.code).toBe("connection_failed");
    expect(error.message).toContain("127.0.0.1:1");
    expectKept(text);
  });

  test.each(["http", "https"])("a proxy that requires other credentials and repeats them, for %s", async (scheme) => {
    const proxy = await proxyThat(407);
    const { error, text } = await fail(`${OPENAI(`${scheme}://example.invalid`)}\nproxy = "${PROXY_USER(proxy.port)}"`);
    expect(error.code).toBe("proxy_refused");
    expect(proxy.heads.join()).toContain(Buffer.from(`clerk:${proxyPassword}`).toString("base64"));
    expectKept(text);
  });

  test("a server that never answers, for each timeout and an abort", async () => {
    const server = await serving(() => undefined);
    for (const clock of ["timeout", "deadline"])
      expectKept((await fail(`${OPENAI(server.origin)}\n${clock} = "30ms"`)).text);
    const { error, text } = await fail(OPENAI(server.origin), {}, { signal: AbortSignal.timeout(30) });
    expect(error.code).toBe("aborted");
    expectKept(text);
  });

  test("a base_url with a key in its query", async () => {
    const server = await serving(() => ({ status: 404, body: "no such page" }));
    const entry = OPENAI(server.origin).replace("/v1", `/v1?key=${query}`);
    const { text } = await fail(entry);
    expectKept(text);
    const page = await serving((request) => ({ body: `<html>${request.path}</html>` }));
    expectKept((await fail(OPENAI(page.origin).replace("/v1", `/v1?key=${query}`))).text);
  });

  test("a user and password in base_url", async () => {
    const server = await serving(() => ({ status: 200, body: '{"half' }));
    const entry = OPENAI(server.origin).replace("http://", `http://clerk:${proxyPassword}@`);
    const { text } = await fail(entry);
    expectKept(text);
  });

  test("a token hook that returns an invalid header value", async () => {
    const server = await serving(() => smallBody("google"));
    const options = { tokens: { vertex: async () => `${token}\r\nx-evil: 1` } };
    const { error, text } = await fail(
      `provider = "vertex"\nvertex_project = "p"\nbase_url = "${server.origin}"`,
      options,
    );
    expect(error.code).toBe("invalid_request");
    expect(server.requests).toHaveLength(0);
    expectKept(text);
  });

  test("a custom fetch that throws its arguments", async () => {
    const transport = async (url: unknown, init: unknown): Promise<never> => {
      throw Object.assign(new Error(`cannot reach ${url}`), { config: init, cause: new Error(JSON.stringify(init)) });
    };
    for (const { keys, options } of HOSTS) {
      const { error, text } = await fail(keys("http://example.invalid"), { ...options, transport });
      expect(error.code).toBe("connection_failed");
      expectKept(text);
    }
  });

  test("a custom fetch whose response repeats the request", async () => {
    const transport = async (_url: unknown, init?: RequestInit) => {
      const sent = [...new Headers(init?.headers)].map((pair) => pair.join(" ")).join("; ");
      return new Response(`{"error":{"message":${JSON.stringify(`${sent} ${init?.body}`)}}}`, {
        status: 401,
        headers: { "x-request-id": sent },
      });
    };
    for (const { keys, options } of HOSTS) {
      const { error, text } = await fail(keys("http://example.invalid"), { ...options, transport });
      expect(error.code).toBe("unauthorized");
      expectKept(text);
    }
  });

  test("all models of a chain", async () => {
    const server = await serving((request) => ({
      status: 500 + (request.path.length % 3),
      body: JSON.stringify({ error: { message: `${request.body} ${JSON.stringify(request.headers)}` } }),
    }));
    const { error, text } = await fail(
      `${OPENAI(server.origin)}\nfallback_models = ["other"]\n[models.other]\nname = "other"\nnum_retries = 0\n${OPENAI(server.origin).replace('"openai"', '"anthropic"').replace("/v1", "").replace(key, secondKey)}`,
    );
    expect(server.requests.length).toBeGreaterThanOrEqual(2);
    expect(error.attempts.length).toBeGreaterThanOrEqual(2);
    expectKept(text);
  });

  test("a cause keeps text without secrets", async () => {
    const { error } = await fail(OPENAI("http://127.0.0.1:1"));
    expect(everythingOf(error.cause)).toContain("ECONNREFUSED");
  });
});

describe("an error before anything is sent shows no secret:", () => {
  const BAD = `${key}\u0001${secondKey}`;
  test.each([
    ["a key with a control character", `api_key = "${BAD.replace("\u0001", "\\u0001")}"`, {}],
    ["a key behind a variable", 'api_key = "env:SOME_KEY"', { SOME_KEY: BAD }],
    ["a default of a variable", `api_key = "env:SOME_KEY:-${key} ${secondKey}€"`, {}],
    ["a header behind a variable", 'extra_headers = { x-a = "env:SOME_KEY" }', { SOME_KEY: `${key}€` }],
    ["a header with a line break", `extra_headers = { x-a = "${key}\\r\\n" }`, {}],
    ["an address that is none", `base_url = "${key}"`, {}],
    ["an address behind a variable", 'base_url = "env:SOME_KEY"', { SOME_KEY: key }],
    ["a proxy behind a variable", 'proxy = "env:SOME_KEY"', { SOME_KEY: `clerk:${proxyPassword}@proxy` }],
    ["a reference that is none", `api_key = "env:${key}"`, {}],
    ["a key in a list of the wrong type", `api_key = ["${key}", 1]`, {}],
    ["a key under a misspelt name", `api_kye = "${key}"`, {}],
    ["a key in a text that is not closed", `api_key = "${key}`, {}],
    ["a key beside a mistake of syntax", `api_key = "${key}" "${secondKey}"`, {}],
    ["a key without quotes", `api_key = ${key}`, {}],
    ["a key given twice", `api_key = "${key}"\napi_key = "${secondKey}"`, {}],
    ["a key as the provider's name", `provider = "${key}"`, {}],
  ] as const)("%s", (_name, line, env) => {
    let thrown: unknown;
    try {
      const provider = line.startsWith("provider") ? "" : 'provider = "openai"\n';
      ModelFactory.parse(`[models.asked]\nname = "m"\n${provider}${line}\n`, { env }).get("asked");
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error | undefined)?.name).toBe("ConfigError");
    const text = everythingOf(thrown);
    expect(secretsIn(text), around(text, secretsIn(text))).toEqual([]);
  });

  test.each([
    ["a header of the call", { extraHeaders: { authorization: `Bearer ${key}\r\nx: y` } }],
    ["an unknown option", { apiKey: key }],
    ["an option of the wrong type", { temperature: key }],
    ["a nested option of the wrong type", { responseFormat: { type: key } }],
    ["a cache mode", { cache: key }],
  ] as const)("%s", async (_name, options) => {
    const server = await serving(() => smallBody("openai"));
    const { error, text } = await fail(OPENAI(server.origin), {}, options as object);
    expect(error.code).toBe("invalid_request");
    expect(server.requests).toHaveLength(0);
    expectKept(text);
  });
});

describe("a delivered answer", () => {
  const answered = (wire: "openai") => ({ body: JSON.stringify(SMALL_BODY[wire]).replace("fine", ANSWER) });

  test.each(["text", "json"])("is not in the %s log without log_content", async (format) => {
    const server = await serving(() => answered("openai"));
    for (const content of [false, true]) {
      const logging = `level = "debug"\nformat = "${format}"\nlog_content = ${content}`;
      const { factory, log } = factoryWith(OPENAI(server.origin), {}, logging);
      await factory.get("asked").codegen(INPUT);
      expect(log()).toContain("call answered");
      expectKept(log(), content);
      expect([log().includes(PROMPT_MARK), log().includes(ANSWER_MARK)]).toEqual([content, content]);
    }
  });

  test("has a cache key without API key and prompt", async () => {
    const set = vi.spyOn(MemoryStore.prototype, "set");
    const server = await serving(() => answered("openai"));
    const { factory } = factoryWith(OPENAI(server.origin));
    const reply = await factory.get("asked").codegen(INPUT);
    await factory.get("asked").codegen(INPUT);
    expect(server.requests).toHaveLength(1);
    const stored = set.mock.calls.map(([name]) => name);
    set.mockRestore();
    expect(stored).toHaveLength(1);
    expect(stored[0]).toMatch(/^answer:[0-9a-f]{16}:?[0-9a-f]{48}$/);
    expectKept(everythingOf([reply, factory.usage("model")]), true);
  });

  test("does not change the environment", async () => {
    const before = JSON.stringify(process.env);
    const server = await serving(() => smallStream("openai"));
    const { factory } = factoryWith(OPENAI(server.origin).replace(key, "env:SOME_KEY"), { env: { SOME_KEY: key } });
    await factory.get("asked").stream(INPUT).reply;
    expect(server.requests[0]?.headers["authorization"]).toBe(`Bearer ${key}`);
    expect(JSON.stringify(process.env)).toBe(before);
    expectKept(everythingOf(factory));
  });
});
