import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import type { Dialect, FactoryOptions } from "../../src/index.ts";
import { everythingOf, SECRETS, secretsIn } from "../harness/canary.ts";
import { serve } from "../harness/loopback.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const KEY = SECRETS.key;

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function queryOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(new URL(request.url ?? "", "http://any").searchParams);
}

const WIRE_LINES: Readonly<Record<Wire, string>> = {
  openai: 'provider = "openai"',
  "openai-responses": 'provider = "openai"\ncustom_llm_provider = "openai-responses"',
  anthropic: 'provider = "anthropic"',
  google: 'provider = "google"',
};

function entryOn(wire: Wire, origin: string, lines = ""): string {
  const base = wire.startsWith("openai") ? `${origin}/v1` : origin;
  const key = lines.includes("api_key") ? "" : `api_key = "${KEY}"`;
  return `[models.main]\nname = "m"\n${WIRE_LINES[wire]}\nbase_url = "${base}"\n${key}\n${lines}\n`;
}

const discover = (toml: string, options?: FactoryOptions) => factoryOf(toml, options).discover("main");

describe("the list of models", () => {
  test("is one GET request on the OpenAI wires, with key, organization, project and headers of the entry", async () => {
    for (const wire of ["openai", "openai-responses"] as const) {
      const server = await serve((_, response) =>
        json(response, {
          object: "list",
          data: [
            { id: "gpt-5", object: "model", created: 1_754_524_800, owned_by: "openai", shutdown_date: "2027-03-01" },
            { id: "ft:gpt-4o-mini:acme::1", object: "model", created: 0, owned_by: "acme" },
          ],
        }),
      );
      const lines = 'organization_id = "org-1"\nproject_id = "proj-1"\nextra_headers = { X-Team = "compilers" }';
      expect(await discover(entryOn(wire, server.origin, lines))).toEqual({
        provider: "openai",
        models: [{ id: "gpt-5", created: "2025-08-07", retiresOn: "2027-03-01" }, { id: "ft:gpt-4o-mini:acme::1" }],
        complete: true,
      });
      expect(server.requests).toMatchObject([
        {
          method: "GET",
          url: "/v1/models",
          body: "",
          headers: {
            authorization: `Bearer ${KEY}`,
            "openai-organization": "org-1",
            "openai-project": "proj-1",
            "x-team": "compilers",
          },
        },
      ]);
    }
  });

  test.each([
    [
      "OpenRouter",
      { id: "a/b", name: "A: B", context_length: 200_000, top_provider: { max_completion_tokens: 64_000 } },
    ],
    ["Groq", { id: "a/b", context_window: 200_000, max_completion_tokens: 64_000 }],
    ["Mistral", { id: "a/b", max_context_length: 200_000 }],
    ["vLLM", { id: "a/b", max_model_len: 200_000 }],
    [
      "Copilot",
      { id: "a/b", capabilities: { limits: { max_context_window_tokens: 200_000, max_output_tokens: 64_000 } } },
    ],
  ])("has the limits that %s adds", async (_host, model) => {
    const server = await serve((_request, response) => json(response, { data: [model] }));
    const { models } = await discover(entryOn("openai", server.origin));
    expect(models).toMatchObject([{ id: "a/b", context: 200_000 }]);
  });

  test("may be a plain array, as from Together", async () => {
    const server = await serve((_, response) =>
      json(response, [{ id: "x/y", display_name: "Y", context_length: 8_192 }]),
    );
    expect((await discover(entryOn("openai", server.origin))).models).toEqual([
      { id: "x/y", displayName: "Y", context: 8_192 },
    ]);
  });

  test("is read page by page on the Anthropic wire, without retired models", async () => {
    const server = await serve((request, response) =>
      queryOf(request).after_id === undefined
        ? json(response, {
            data: [
              {
                id: "claude-opus-5",
                type: "model",
                display_name: "Claude Opus 5",
                created_at: "2026-07-01T00:00:00Z",
                max_input_tokens: 1_000_000,
                max_tokens: 128_000,
                lifecycle: "active",
                retires_at: null,
              },
            ],
            has_more: true,
            first_id: "claude-opus-5",
            last_id: "claude-opus-5",
          })
        : json(response, {
            data: [
              { id: "claude-2", display_name: "Claude 2", created_at: "1970-01-01T00:00:00Z", lifecycle: "retired" },
              {
                id: "claude-haiku-4-5-20251001",
                display_name: "Claude Haiku 4.5",
                created_at: "1970-01-01T00:00:00Z",
                lifecycle: "deprecated",
                retires_at: "2027-01-15T00:00:00Z",
              },
            ],
            has_more: false,
          }),
    );
    const { models } = await discover(entryOn("anthropic", server.origin));
    expect(models).toEqual([
      {
        id: "claude-opus-5",
        displayName: "Claude Opus 5",
        context: 1_000_000,
        maxOutput: 128_000,
        created: "2026-07-01",
      },
      { id: "claude-haiku-4-5-20251001", displayName: "Claude Haiku 4.5", retiresOn: "2027-01-15" },
    ]);
    expect(server.requests.map(({ url }) => url)).toEqual([
      "/v1/models?limit=1000",
      "/v1/models?limit=1000&after_id=claude-opus-5",
    ]);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${KEY}`, "anthropic-version": /./ });
  });

  test("is read page by page on the Google wire, ids without models/", async () => {
    const server = await serve((request, response) =>
      queryOf(request).pageToken === undefined
        ? json(response, {
            models: [
              {
                name: "models/gemini-3-pro",
                displayName: "Gemini 3 Pro",
                inputTokenLimit: 1_048_576,
                outputTokenLimit: 65_536,
                supportedGenerationMethods: ["generateContent"],
              },
            ],
            nextPageToken: "next/page=2",
          })
        : json(response, {}),
    );
    expect((await discover(entryOn("google", server.origin))).models).toEqual([
      { id: "gemini-3-pro", displayName: "Gemini 3 Pro", context: 1_048_576, maxOutput: 65_536 },
    ]);
    expect(server.requests.map(({ url }) => new URL(url, "http://any").pathname)).toEqual([
      "/v1beta/models",
      "/v1beta/models",
    ]);
    expect(server.requests.map(({ url }) => new URL(url, "http://any").searchParams.get("pageToken"))).toEqual([
      null,
      "next/page=2",
    ]);
    expect(server.requests[0]?.headers["x-goog-api-key"]).toBe(KEY);
    expect(server.requests.every(({ url }) => !url.includes(KEY))).toBe(true);
  });

  test("of Vertex is the publisher's list, marked incomplete", async () => {
    const server = await serve((_, response) =>
      json(response, { publisherModels: [{ name: "publishers/google/models/gemini-2.5-pro", versionId: "001" }] }),
    );
    const toml = `[models.main]\nname = "gemini-2.5-pro"\nprovider = "vertex"\nvertex_project = "p"\nvertex_location = "us-central1"\nbase_url = "${server.origin}"\n`;
    const found = await discover(toml, { tokens: { vertex: async () => "ya29.token" } });
    expect(found).toEqual({ provider: "vertex", models: [{ id: "gemini-2.5-pro" }], complete: false });
    expect(server.requests).toMatchObject([{ method: "GET", headers: { authorization: "Bearer ya29.token" } }]);
    expect(server.requests[0]?.url).toMatch(/^\/v1beta1\/publishers\/google\/models\?/);
  });

  test.each(WIRES)("of the simulator is requested from its own server (%s)", async (wire) => {
    const simulator = await simulate();
    const { models } = await discover(entryOn(wire, simulator.url));
    expect(models.length).toBeGreaterThan(1);
    expect(simulator.requests.map(({ status }) => status)).toEqual([200]);
    const embedded = factoryOf(
      `[models.main]\nname = "gpt-4o-mini"\nprovider = "simulator"\ncustom_llm_provider = "${wire}"\n`,
    );
    expect(await embedded.discover()).toMatchObject({ provider: "simulator", complete: false });
  });

  test("of a group is that of its first entry", async () => {
    const server = await serve((_, response) => json(response, { data: [{ id: "m" }] }));
    const toml = `${entryOn("openai", server.origin)}[groups.both]\nmembers = ["main"]\n`;
    expect((await factoryOf(toml).discover("both")).models).toEqual([{ id: "m" }]);
  });

  test("is requested through the entry's proxy", async () => {
    const proxy = await serve((_, response) => json(response, { data: [{ id: "m" }] }));
    const lines = `proxy = "${proxy.origin}"`;
    expect((await discover(entryOn("openai", "http://far.invalid", lines))).models).toEqual([{ id: "m" }]);
    expect(proxy.requests).toMatchObject([
      {
        method: "GET",
        url: expect.stringMatching(/^(http:\/\/far\.invalid)?\/v1\/models$/),
        headers: { host: "far.invalid" },
      },
    ]);
  });
});

describe("a provider that is known to have no list", () => {
  test.each([
    ["azure", 'api_version = "2024-10-21"\n', /deployment/],
    ["azure", "", /deployment/],
    ["perplexity", "", /no list/],
    ["databricks", "", /workspace/],
    ["github", "", /catalog\/models/],
  ])("%s gets no request", async (provider, lines, reason) => {
    const server = await serve((_, response) => json(response, { data: [] }));
    const toml = `[models.main]\nname = "m"\nprovider = "${provider}"\napi_key = "${KEY}"\nbase_url = "${server.origin}"\n${lines}`;
    const error = await failureOf(discover(toml));
    expect(error).toMatchObject({
      code: "unsupported",
      provider,
      model: "main",
      message: expect.stringMatching(reason),
    });
    expect(server.requests).toEqual([]);
  });

  test("a custom dialect gets a request only with listModels", async () => {
    const mute: Dialect = { name: "mine", async *open() {} };
    const telling: Dialect = { ...mute, listModels: async () => [{ id: "one", context: 10 }] };
    const toml = '[models.main]\nname = "m"\nprovider = "mine"\n';
    expect((await failureOf(discover(toml, { providers: { mine: mute } }))).code).toBe("unsupported");
    expect(await discover(toml, { providers: { mine: telling } })).toEqual({
      provider: "mine",
      models: [{ id: "one", context: 10 }],
      complete: true,
    });
  });

  test("a custom dialect may be an object of a class with state", async () => {
    class Mine implements Dialect {
      readonly name = "mine";
      readonly #models = [{ id: "one" }];
      async *open() {}
      async listModels() {
        return this.#models;
      }
      async countTokens() {
        return this.#models.length;
      }
    }
    const toml = '[models.main]\nname = "m"\nprovider = "mine"\n';
    const providers = { mine: new Mine() };
    expect((await discover(toml, { providers })).models).toEqual([{ id: "one" }]);
    expect(await factoryOf(toml, { providers }).create().countTokens("Hello", { exact: true })).toBe(1);
  });
});

describe("a list that is not available", () => {
  test.each(WIRES)(
    "is unauthorized after one request for a rejected key, which the error does not contain (%s)",
    async (wire) => {
      const server = await serve((request, response) =>
        json(
          response,
          { error: { message: `bad key ${JSON.stringify(request.headers)}`, status: "UNAUTHENTICATED" } },
          401,
        ),
      );
      const error = await failureOf(discover(entryOn(wire, server.origin)));
      expect(error).toMatchObject({ code: "unauthorized", status: 401, model: "main" });
      expect(error.message).toContain("(list of models)");
      expect(secretsIn(everythingOf(error))).toEqual([]);
      expect(server.requests).toHaveLength(1);
    },
  );

  test("a failing server gets one request, regardless of num_retries", async () => {
    const server = await serve((_, response) => json(response, { error: { message: "down" } }, 503));
    const error = await failureOf(discover(entryOn("openai", server.origin, "num_retries = 5")));
    expect(error.status).toBe(503);
    expect(server.requests).toHaveLength(1);
  });

  test("an unknown URL is not_found, a refused connection connection_failed", async () => {
    const server = await serve((_, response) => json(response, { detail: "Not Found" }, 404));
    expect((await failureOf(discover(entryOn("openai", server.origin)))).code).toBe("not_found");
    expect((await failureOf(discover(entryOn("openai", "http://127.0.0.1:9")))).code).toBe("connection_failed");
  });

  test.each([
    ["a page of HTML", "<html>", "text/html"],
    ["nothing", "", "application/json"],
    ["a number", "7", "application/json"],
    ["an object without a list", '{"object":"list"}', "application/json"],
    ["a list that is none", '{"data":{"id":"m"}}', "application/json"],
    ["an event stream", "data: {}\n\n", "text/event-stream"],
  ])("%s is a protocol_error", async (_what, body, type) => {
    const server = await serve((_request, response) => response.writeHead(200, { "content-type": type }).end(body));
    expect((await failureOf(discover(entryOn("openai", server.origin)))).code).toBe("protocol_error");
  });

  test.each(["anthropic", "google"] as const)("cyclic and endless pages are an error (%s)", async (wire) => {
    for (const next of [() => "same", (page: number) => `page-${page}`]) {
      const server = await serve((_, response) => {
        const token = next(server.requests.length);
        json(response, {
          data: [{ id: token }],
          has_more: true,
          last_id: token,
          models: [{ name: token }],
          nextPageToken: token,
        });
      });
      const error = await failureOf(discover(entryOn(wire, server.origin)));
      expect(error).toMatchObject({ code: "protocol_error", message: expect.stringContaining("is endless") });
      expect(server.requests.length).toBeLessThanOrEqual(25);
    }
  });

  test("a server without a response times out, and so does an endless response", async () => {
    const silent = await serve(() => {});
    const dripping = await serve((_, response) => void response.writeHead(200).write('{"data":['));
    for (const server of [silent, dripping]) {
      const factory = factoryOf(entryOn("openai", server.origin));
      const error = await failureOf(factory.discover("main", { timeoutMs: 150 }));
      expect(error).toMatchObject({ code: "timed_out", phase: "deadline" });
      await server.allClosed();
    }
  });

  test("its caller can abort it", async () => {
    const controller = new AbortController();
    const server = await serve(() => controller.abort());
    const factory = factoryOf(entryOn("openai", server.origin));
    expect((await failureOf(factory.discover("main", { signal: controller.signal }))).code).toBe("aborted");
    await server.allClosed();
  });

  test("an entry without its key is a ConfigError, and nothing is sent", async () => {
    const server = await serve((_, response) => json(response, { data: [] }));
    const factory = factoryOf(entryOn("openai", server.origin, 'api_key = "env:GONE"'));
    await expect(factory.discover("main")).rejects.toMatchObject({ name: "ConfigError" });
    await expect(factory.discover("mian")).rejects.toMatchObject({ problems: [{ suggestion: "main" }] });
    expect(server.requests).toEqual([]);
  });
});

describe("several keys", () => {
  const refusesFirst = () =>
    serve((request, response) =>
      request.headers.authorization === `Bearer ${KEY}`
        ? json(response, { error: { message: "no", code: "invalid_api_key" } }, 401)
        : json(response, { data: [{ id: "m" }] }),
    );
  const keys = `api_key = ["${KEY}", "${SECRETS.secondKey}"]`;

  test("are tried in order while they are rejected", async () => {
    const server = await refusesFirst();
    const { models } = await discover(entryOn("openai", server.origin, keys));
    expect(models).toEqual([{ id: "m" }]);
    expect(server.requests).toHaveLength(2);
  });

  test("can be used individually", async () => {
    const server = await refusesFirst();
    const factory = factoryOf(entryOn("openai", server.origin, keys));
    expect((await failureOf(factory.discover("main", { key: 0 }))).code).toBe("unauthorized");
    expect((await factory.discover("main", { key: 1 })).models).toHaveLength(1);
    expect((await failureOf(factory.discover("main", { key: 2 }))).code).toBe("invalid_request");
    expect(server.requests).toHaveLength(2);
  });
});

describe("a list is not trusted", () => {
  test("control characters, invalid numbers and duplicates are dropped", async () => {
    const data = [
      { id: "good", name: "A\u001b[31m name", context_length: -1, max_completion_tokens: "many", created: 1e300 },
      { id: "good", name: "again" },
      { id: "\u001b]0;title\u0007" },
      { id: "two words" },
      { id: "" },
      { id: 7 },
      { id: "x".repeat(300) },
      null,
      "text",
      ["list"],
      JSON.parse('{"__proto__":{"id":"inherited"}}'),
      { id: "__proto__", context_length: 5 },
    ];
    const server = await serve((_, response) => json(response, { data }));
    const { models } = await discover(entryOn("openai", server.origin));
    expect(models).toEqual([
      { id: "good", displayName: "A[31m name" },
      { id: "__proto__", context: 5 },
    ]);
  });

  test("a list of fifty thousand models is read in time", async () => {
    const data = Array.from({ length: 50_000 }, (_, index) => ({ id: `model-${index}` }));
    const server = await serve((_, response) => json(response, { data }));
    expect((await discover(entryOn("openai", server.origin))).models).toHaveLength(50_000);
  });
});
