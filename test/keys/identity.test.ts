import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { FactoryOptions } from "../../src/factory/options.ts";
import { type Arrival, type Host, host, listening } from "../harness/host.ts";
import { LOCALHOST_CERT } from "../harness/localhost-certificate.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { keyTest } from "./key-test.ts";
import { factoryOf, onEveryWire, PROMPT } from "./world.ts";

const PROVIDERS: Readonly<Record<Wire, string>> = {
  openai: "openai",
  "openai-responses": "openai",
  anthropic: "anthropic",
  google: "google",
};

function entryAt(url: string, wire: Wire = "openai", lines = ""): string {
  const base = wire.startsWith("openai") ? `${url}/v1` : url;
  const given = (key: string, line: string) => (new RegExp(`^${key} =`, "m").test(lines) ? "" : line);
  return [
    "[models.main]",
    given("name", 'name = "some-model"'),
    given("provider", `provider = "${PROVIDERS[wire]}"`),
    given("custom_llm_provider", wire === "openai-responses" ? `custom_llm_provider = "${wire}"` : ""),
    given("api_key", 'api_key = "test-key"'),
    given("base_url", `base_url = "${base}"`),
    lines,
  ].join("\n");
}

/** The last request of one call. */
async function arrival(server: Host, toml: string, options: FactoryOptions = {}): Promise<Arrival> {
  await factoryOf(toml, options).create().codegen(PROMPT);
  return server.arrivals.at(-1) as Arrival;
}

keyTest("models.*.name", async () => {
  const server = await host();
  for (const name of ["one-model", "other-model"]) {
    for (const wire of ["openai", "openai-responses", "anthropic"] as const)
      expect((await arrival(server, entryAt(server.url, wire, `name = "${name}"`))).body, wire).toMatchObject({
        model: name,
      });
    expect((await arrival(server, entryAt(server.url, "google", `name = "${name}"`))).path).toContain(
      `/models/${name}:generateContent`,
    );
  }
});

keyTest("models.*.provider", async () => {
  const server = await host();
  const of = async (provider: string) =>
    (
      await arrival(
        server,
        `[models.main]\nname = "m"\nprovider = "${provider}"\napi_key = "k"\nbase_url = "${server.url}"`,
      )
    ).path;
  expect(await of("openai")).toBe("/chat/completions");
  expect(await of("anthropic")).toBe("/v1/messages");
  expect(await of("google")).toBe("/v1beta/models/m:generateContent");
});

keyTest("models.*.extends", async () => {
  const server = await host();
  const base = `${entryAt(server.url, "openai", "temperature = 0.5\nseed = 7")}\n`;
  const child = `${base}[models.child]\nextends = "main"\nname = "other"\nseed = 8\n`;
  await factoryOf(child).create("child").codegen(PROMPT);
  expect(server.arrivals[0]?.body).toMatchObject({ model: "other", temperature: 0.5, seed: 8 });
  const alone = `${base}[models.child]\nname = "other"\nprovider = "openai"\napi_key = "k"\nbase_url = "${server.url}/v1"\n`;
  await factoryOf(alone).create("child").codegen(PROMPT);
  expect(server.arrivals[1]?.body).not.toHaveProperty("temperature");
});

keyTest("models.*.api_key", async () => {
  const answer = (request: http.IncomingMessage, response: http.ServerResponse) => {
    if (request.headers.authorization !== "Bearer dead") return false;
    response
      .writeHead(401, { "content-type": "application/json" })
      .end('{"error":{"message":"no","code":"invalid_api_key"}}');
    return true;
  };
  const server = await host({ answer });
  for (const key of ["first", "second"])
    expect((await arrival(server, entryAt(server.url, "openai", `api_key = "${key}"`))).headers.authorization).toBe(
      `Bearer ${key}`,
    );
  server.arrivals.length = 0;
  const reply = await factoryOf(entryAt(server.url, "openai", 'api_key = ["dead", "living"]\nnum_retries = 0'))
    .create()
    .codegen(PROMPT);
  expect(reply.text).toBe("hello");
  expect(server.arrivals.map(({ headers }) => headers.authorization)).toEqual(["Bearer dead", "Bearer living"]);
});

keyTest("models.*.base_url", async () => {
  const [left, right] = await Promise.all([host(), host()]);
  for (const wire of WIRES) {
    for (const [server, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const before = other.arrivals.length;
      await arrival(server, entryAt(server.url, wire));
      expect(other.arrivals).toHaveLength(before);
    }
  }
  expect(left.arrivals.map(({ path }) => path)).toEqual([
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1beta/models/some-model:generateContent",
  ]);
  expect(right.arrivals).toHaveLength(4);
});

keyTest("models.*.api_version", async () => {
  const server = await host();
  expect((await arrival(server, entryAt(server.url, "anthropic"))).headers["anthropic-version"]).toBe("2026-10-21");
  expect(
    (await arrival(server, entryAt(server.url, "anthropic", 'api_version = "2023-06-01"'))).headers[
      "anthropic-version"
    ],
  ).toBe("2023-06-01");
  expect((await arrival(server, entryAt(server.url, "google", 'api_version = "v1"'))).path).toBe(
    "/v1/models/some-model:generateContent",
  );
  const azure = `provider = "azure"\nbase_url = "${server.url}"`;
  expect((await arrival(server, entryAt(server.url, "openai", azure))).path).toBe("/openai/v1/chat/completions");
  expect((await arrival(server, entryAt(server.url, "openai", `${azure}\napi_version = "2024-10-21"`))).path).toBe(
    "/openai/deployments/some-model/chat/completions?api-version=2024-10-21",
  );
});

for (const [key, header] of [
  ["organization_id", "openai-organization"],
  ["project_id", "openai-project"],
] as const) {
  const seen = async () => {
    const server = await host();
    for (const wire of ["openai", "openai-responses"] as const) {
      expect((await arrival(server, entryAt(server.url, wire))).headers).not.toHaveProperty(header);
      expect((await arrival(server, entryAt(server.url, wire, `${key} = "abc-1"`))).headers[header]).toBe("abc-1");
    }
  };
  if (key === "organization_id") keyTest("models.*.organization_id", seen);
  else keyTest("models.*.project_id", seen);
}

keyTest("models.*.custom_llm_provider", async () => {
  const server = await host();
  const spoken = async (wire: string) =>
    (
      await arrival(
        server,
        `[models.main]\nname = "m"\nprovider = "my-server"\ncustom_llm_provider = "${wire}"\nbase_url = "${server.url}"`,
      )
    ).path;
  expect(await spoken("openai")).toBe("/chat/completions");
  expect(await spoken("openai-responses")).toBe("/responses");
  expect(await spoken("anthropic")).toBe("/v1/messages");
  expect(await spoken("google")).toBe("/v1beta/models/m:generateContent");
});

const vertex = (server: Host, lines: string) => entryAt(server.url, "google", `provider = "vertex"\n${lines}`);

keyTest("models.*.vertex_project", async () => {
  const server = await host();
  for (const project of ["one", "two"])
    expect((await arrival(server, vertex(server, `vertex_project = "${project}"`))).path).toContain(
      `/projects/${project}/locations/global/`,
    );
});

keyTest("models.*.vertex_location", async () => {
  const server = await host();
  for (const location of ["europe-west4", "us-central1"])
    expect(
      (await arrival(server, vertex(server, `vertex_project = "p"\nvertex_location = "${location}"`))).path,
    ).toContain(`/projects/p/locations/${location}/`);
});

keyTest("models.*.auth_header", async () => {
  const server = await host();
  for (const wire of WIRES) {
    const sent = async (way: string) => {
      const { headers } = await arrival(server, entryAt(server.url, wire, `auth_header = "${way}"`));
      return { bearer: headers.authorization, key: headers["x-api-key"], google: headers["x-goog-api-key"] };
    };
    expect(await sent("bearer"), wire).toEqual({ bearer: "Bearer test-key", key: undefined, google: undefined });
    expect(await sent("x-api-key"), wire).toEqual({ bearer: undefined, key: "test-key", google: undefined });
    expect(await sent("none"), wire).toEqual({ bearer: undefined, key: undefined, google: undefined });
  }
});

keyTest("models.*.extra_headers", async () => {
  const server = await host();
  for (const wire of WIRES) {
    expect((await arrival(server, entryAt(server.url, wire))).headers).not.toHaveProperty("x-team");
    const { headers } = await arrival(
      server,
      entryAt(server.url, wire, 'extra_headers = { X-Team = "compilers", X-From = "env:FROM" }'),
      { env: { FROM: "ci" } },
    );
    expect(headers, wire).toMatchObject({ "x-team": "compilers", "x-from": "ci" });
  }
});

keyTest(
  "models.*.extra_body",
  onEveryWire("extra_body = { safe_prompt = true, nested = { one = 1 } }", {
    openai: { safe_prompt: true, nested: { one: 1 } },
    "openai-responses": { safe_prompt: true, nested: { one: 1 } },
    anthropic: { safe_prompt: true, nested: { one: 1 } },
    google: { safe_prompt: true, nested: { one: 1 } },
  }),
);

/** Forwards plain requests, tunnels CONNECT, and notes where they went. */
async function forwardProxy(): Promise<{ url: string; targets: string[] }> {
  const targets: string[] = [];
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? "");
    targets.push(url.host);
    const upstream = http.request(url, { method: request.method ?? "POST", headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(upstream);
  });
  server.on("connect", (request, socket: net.Socket, head: Buffer) => {
    targets.push(request.url ?? "");
    const [hostname, port] = (request.url ?? "").split(":");
    const upstream = net.connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, targets };
}

keyTest("models.*.proxy", async () => {
  const [server, left, right] = await Promise.all([host(), forwardProxy(), forwardProxy()]);
  await arrival(server, entryAt(server.url));
  expect([...left.targets, ...right.targets]).toEqual([]);
  await arrival(server, entryAt(server.url, "openai", `proxy = "${left.url}"`));
  await arrival(server, entryAt(server.url, "openai", 'proxy = "env:MY_PROXY"'), { env: { MY_PROXY: right.url } });
  expect([left.targets, right.targets]).toEqual([[`127.0.0.1:${server.port}`], [`127.0.0.1:${server.port}`]]);
  await arrival(server, entryAt(server.url, "openai", `proxy = "${left.url}"`), { env: { NO_PROXY: "127.0.0.1" } });
  expect(left.targets).toHaveLength(1);
  expect(server.arrivals).toHaveLength(4);
  const secure = await host({ tls: true });
  await arrival(secure, entryAt(secure.url, "openai", `proxy = "${left.url}"\ntls = { reject_unauthorized = false }`));
  expect(left.targets.at(-1)).toBe(`127.0.0.1:${secure.port}`);
  await arrival(secure, entryAt(secure.url, "openai", "tls = { reject_unauthorized = false }"), {
    env: { HTTPS_PROXY: right.url },
  });
  expect(right.targets.at(-1)).toBe(`127.0.0.1:${secure.port}`);
});

function folderWithCertificate(): string {
  const folder = mkdtempSync(join(tmpdir(), "keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "ca.pem"), LOCALHOST_CERT);
  return folder;
}

keyTest("models.*.tls", async () => {
  const server = await host({ tls: true });
  const asked = (lines: string) =>
    factoryOf(entryAt(server.url, "openai", `num_retries = 0\n${lines}`))
      .create()
      .safeCodegen(PROMPT);
  expect(await asked("")).toMatchObject({ ok: false, error: { code: "connection_failed" } });
  expect(server.arrivals).toHaveLength(0);
  expect(await asked("tls = { reject_unauthorized = false }")).toMatchObject({ ok: true });
});

keyTest("models.*.tls.ca_file", async () => {
  const server = await host({ tls: true });
  const baseDir = folderWithCertificate();
  for (const wire of WIRES)
    await arrival(server, entryAt(server.url, wire, 'tls = { ca_file = "ca.pem" }'), { baseDir });
  expect(server.arrivals).toHaveLength(4);
  expect(() =>
    factoryOf(entryAt(server.url, "openai", 'tls = { ca_file = "absent.pem" }'), { baseDir }).create(),
  ).toThrow(/certificate file .*absent\.pem cannot be read/);
});

keyTest("models.*.tls.reject_unauthorized", async () => {
  const server = await host({ tls: true });
  await arrival(server, entryAt(server.url, "openai", "tls = { reject_unauthorized = false }"));
  const refused = await factoryOf(
    entryAt(server.url, "openai", "num_retries = 0\ntls = { reject_unauthorized = true }"),
  )
    .create()
    .safeCodegen(PROMPT);
  expect(refused).toMatchObject({ ok: false, error: { code: "connection_failed" } });
  expect(server.arrivals).toHaveLength(1);
});

keyTest("models.*.mock_response", async () => {
  const server = await host();
  const mocked = entryAt(server.url, "openai", 'api_key = "env:NOT_SET"\nmock_response = "Hi from a mock."');
  const reply = await factoryOf(mocked).create().codegen(PROMPT);
  expect(reply).toMatchObject({ text: "Hi from a mock.", provider: "simulator" });
  expect(server.arrivals).toHaveLength(0);
});

keyTest(
  "models.*.mock_response[].{text,reasoning,tool_calls,tool_calls[].name,tool_calls[].arguments,error,status,retry_after,delay,break_after}",
  "are the parts of one answer",
  async () => {
    const calls = '[{ name = "find", arguments = { what = "x" } }]';
    const answers = [
      `{ text = "Hi.", reasoning = "Hm.", tool_calls = ${calls}, delay = "30ms" }`,
      '{ error = "rate-limit", retry_after = "2s" }',
      "{ status = 503 }",
      '{ text = "Long.", break_after = 1 }',
    ];
    const entry = `num_retries = 0\ncircuit_breaker = false\nmock_response = [${answers.join(", ")}]`;
    const model = factoryOf(entryAt("http://unused.invalid", "anthropic", entry)).create();
    const startMs = performance.now();
    const tools = [{ name: "find" }];
    const reply = await model.codegen(PROMPT, { tools });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(29);
    expect(reply).toMatchObject({
      text: "Hi.",
      reasoning: "Hm.",
      toolCalls: [{ name: "find", arguments: { what: "x" } }],
    });
    const limited = { ok: false, error: { code: "rate_limited", retryAfterMs: 2_000 } };
    expect(await model.safeCodegen(PROMPT)).toMatchObject(limited);
    expect(await model.safeCodegen(PROMPT)).toMatchObject({ ok: false, error: { status: 503 } });
    await expect(model.stream(PROMPT).reply).rejects.toMatchObject({ code: "stream_truncated" });
  },
);
