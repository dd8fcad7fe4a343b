import { expect, it } from "vitest";
import { host } from "../harness/host.ts";
import { WIRES } from "../harness/wires.ts";
import { PATHS } from "./raw-client.ts";
import { hostEntry, world } from "./world.ts";

const CANARY = "canary-7c1f";

/** Headers of the connection, of the client and of the proxies before it. None of them is the provider's business. */
const OF_THE_CLIENT: Readonly<Record<string, string>> = {
  authorization: `Bearer ${CANARY}`,
  cookie: `session=${CANARY}`,
  forwarded: `for=${CANARY}`,
  "x-forwarded-for": CANARY,
  "x-forwarded-host": CANARY,
  "x-forwarded-proto": CANARY,
  "x-real-ip": CANARY,
  via: `1.1 ${CANARY}`,
  "proxy-authorization": `Basic ${CANARY}`,
  "proxy-connection": CANARY,
  te: CANARY,
  referer: `http://localhost/${CANARY}`,
  "openai-organization": CANARY,
  "openai-project": CANARY,
  "x-stainless-helper": CANARY,
  "user-agent": CANARY,
  "accept-language": CANARY,
  traceparent: CANARY,
  "x-custom": CANARY,
};

const OF_THE_PROVIDER: Readonly<Record<string, string>> = {
  "set-cookie": `session=${CANARY}`,
  server: CANARY,
  via: `1.1 ${CANARY}`,
  "x-custom": CANARY,
  "openai-organization": CANARY,
  "alt-svc": CANARY,
  "strict-transport-security": CANARY,
  "access-control-allow-origin": CANARY,
  "x-ratelimit-limit-requests": "100",
  "x-ratelimit-remaining-requests": "99",
};

it("G08: headers of the client do not reach the provider, and headers of the provider not the client", async () => {
  const upstream = await host({
    answer: (_request, response) => {
      for (const [name, value] of Object.entries(OF_THE_PROVIDER)) response.setHeader(name, value);
      return false;
    },
  });
  const base = { openai: "/v1", "openai-responses": "/v1", anthropic: "", google: "" };
  const entries = WIRES.map((wire) =>
    hostEntry(wire, upstream.url + base[wire]).replace("[models.m]", `[models.at-${wire}]`),
  );
  const { url } = await world({
    toml: `${entries.join("\n")}\n[gateway.keys.ann]\nkey = "mw-${CANARY}-0123456789"\n`,
  });
  const headers = {
    ...OF_THE_CLIENT,
    authorization: `Bearer mw-${CANARY}-0123456789`,
    "content-type": "application/json",
  };
  for (const wire of WIRES)
    for (const target of WIRES) {
      const prompt = wire === "openai-responses" ? { input: "Hi" } : { messages: [{ role: "user", content: "Hi" }] };
      const body =
        wire === "google"
          ? { contents: [{ parts: [{ text: "Hi" }] }] }
          : { model: `at-${target}`, max_tokens: 9, ...prompt };
      const path = PATHS[wire].replace("models/openai:", `models/at-${target}:`);
      const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
      const received = JSON.stringify([...response.headers]);
      expect([response.status, await response.text()], `${wire} to ${target}`).toEqual([
        200,
        expect.stringContaining("hello"),
      ]);
      expect(received, `${wire} to ${target}`).not.toContain(CANARY);
      if (wire === "openai" && target === "openai")
        expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("99");
    }
  expect(upstream.arrivals).toHaveLength(WIRES.length ** 2);
  for (const { headers: sent, path } of upstream.arrivals) expect(JSON.stringify([sent, path])).not.toContain(CANARY);
  for (const { headers: sent } of upstream.arrivals) expect(sent.host).toBe(new URL(upstream.url).host);
});

it("answers a client whose provider says that a limit is reset in a million years", async () => {
  const upstream = await host({
    answer: (_request, response) => {
      response.setHeader("x-ratelimit-reset-requests", "9999999999999s");
      return false;
    },
  });
  const { post } = await world({ toml: hostEntry("openai", `${upstream.url}/v1`) });
  for (const stream of [false, true]) {
    const messages = [{ role: "user", content: "Hi" }];
    const response = await post(PATHS.anthropic, { model: "m", max_tokens: 9, messages, stream });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("hello")]);
    expect(response.headers.get("anthropic-ratelimit-requests-reset")).toMatch(/^20\d\d-/);
  }
});
