import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Input, ModelError } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { around, everythingOf, INPUT, SECRETS, secretsIn } from "../harness/canary.ts";
import { listen } from "../harness/loopback.ts";
import { SMALL_BODY, smallBody } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";
import { AUTHORITY, IDENTITIES } from "./certificates.ts";
import { factoryWith, HOSTS } from "./hosts.ts";
import { proxyFor } from "./recording-proxy.ts";

/** Spellings of this machine and of a cloud metadata service; `port` belongs to a server that counts requests. */
const addressesOf = (port: number, file: string) => [
  "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
  "http://metadata.google.internal/computeMetadata/v1/",
  `http://localhost:${port}/image.png`,
  `http://127.0.0.1:${port}/image.png`,
  `http://127.1:${port}/image.png`,
  `http://2130706433:${port}/image.png`,
  `http://0x7f000001:${port}/image.png`,
  `http://0177.0.0.1:${port}/image.png`,
  `http://[::1]:${port}/image.png`,
  `http://[::ffff:127.0.0.1]:${port}/image.png`,
  `http://user:word@127.0.0.1:${port}/redirect.png`,
  `https://127.0.0.1:${port}/image.png`,
  `gopher://127.0.0.1:${port}/_GET%20/`,
  `ftp://127.0.0.1:${port}/image.png`,
  pathToFileURL(file).href,
  "file:///etc/passwd",
  "data:image/png;base64,iVBORw0KGgo=",
  "data:text/html,<script>alert(1)</script>",
];

const MARK = "CONTENT-OF-A-FILE-6127";

for (const wire of WIRES) {
  test(`a URL in a prompt is never fetched: ${wire}`, async () => {
    const bait = await serving(() => ({ status: 302, headers: { location: "/again" }, body: "bait" }));
    const server = await serving(() => smallBody(wire));
    const folder = mkdtempSync(join(tmpdir(), "modelwright-bait-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "private.png"), MARK);
    const port = Number(new URL(bait.origin).port);
    let sent = 0;
    for (const url of addressesOf(port, join(folder, "private.png"))) {
      const inputs = [
        [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image", url },
            ],
          },
        ],
        [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image_url", image_url: { url } },
            ],
          },
        ],
        [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "file", url, filename: "a.pdf" },
            ],
          },
        ],
        `Read ${url} and tell me what it says.`,
      ];
      for (const input of inputs) {
        const before = server.requests.length;
        const outcome = await modelAt(wire, server.origin).safeCodegen(input as Input);
        if (!outcome.ok) {
          expect(outcome.error).toBeInstanceOf(ModelError);
          expect(["invalid_request", "unsupported"]).toContain(outcome.error.code);
          expect(server.requests.length).toBe(before);
        } else sent += 1;
      }
    }
    expect(sent).toBeGreaterThan(10);
    expect([bait.requests.length, bait.opened]).toEqual([0, 0]);
    expect(server.requests.some(({ body }) => body.includes(MARK) || body.includes(btoa(MARK)))).toBe(false);
  });
}

describe("nothing is sent to another origin", () => {
  for (const { name, keys, options } of HOSTS) {
    test.each([301, 302, 303, 307, 308])(`of a request to ${name} by a redirect with %i`, async (status) => {
      const other = await serving(() => smallBody("openai"));
      const server = await serving(() => ({ status, headers: { location: `${other.origin}/v1/steal` }, body: "" }));
      for (const stream of [false, true]) {
        const { factory } = factoryWith(`${keys(server.origin)}\nstream = ${stream}`, options);
        const outcome = await factory.get("asked").safeCodegen(INPUT);
        if (outcome.ok) throw new Error("expected a failure");
        expect(outcome.error.code).toBe("redirect_blocked");
        expect(secretsIn(everythingOf(outcome.error))).toEqual([]);
      }
      expect([other.requests.length, other.opened]).toEqual([0, 0]);
    });
  }
});

describe("the credentials of a proxy", () => {
  const PROXY = (port: number) =>
    `proxy = "http://clerk:${encodeURIComponent(SECRETS.proxyPassword)}@127.0.0.1:${port}"`;
  const BASIC = `Basic ${Buffer.from(`clerk:${SECRETS.proxyPassword}`).toString("base64")}`;

  for (const { name, wire, keys, options } of HOSTS) {
    test(`go to the proxy alone, and those of ${name} to ${name} alone`, async () => {
      const server = await serving(() => smallBody(wire));
      const proxy = await proxyFor();
      const { factory, log } = factoryWith(`${keys(server.origin)}\n${PROXY(proxy.port)}`, options);
      const model = factory.get("asked");
      expect((await model.codegen(INPUT)).text).toBe("fine");
      expect(server.requests).toHaveLength(1);
      const headers = JSON.stringify(server.requests[0]?.headers);
      expect([headers.includes("proxy-authorization"), headers.includes(BASIC)]).toEqual([false, false]);
      expect(secretsIn(headers).length).toBeGreaterThan(0);
      expect(proxy.credentials()).toContain(BASIC);
      for (const connect of proxy.connects) expect(secretsIn(connect.replaceAll(BASIC, ""))).toEqual([]);
      const shown = [factory, model, model.config, factory.describe("asked"), log()].map(everythingOf).join("\n");
      expect(secretsIn(shown), around(shown, secretsIn(shown))).toEqual([]);
    });
  }
});

test("CONNECT for an https origin sends host and port to the proxy, and no credential of the origin", async () => {
  const seen: string[] = [];
  const origin = await listen(
    https.createServer({ ...IDENTITIES.good }, (request, response) => {
      seen.push(JSON.stringify(request.headers));
      response.setHeader("content-type", "application/json").end(JSON.stringify(SMALL_BODY.openai));
    }),
  );
  const proxy = await proxyFor();
  const folder = mkdtempSync(join(tmpdir(), "modelwright-connect-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "ca.pem"), AUTHORITY);
  const keys = HOSTS[0]?.keys(`https://127.0.0.1:${origin.port}`);
  const own = `proxy = "http://clerk:${encodeURIComponent(SECRETS.proxyPassword)}@127.0.0.1:${proxy.port}"`;
  const { factory } = factoryWith(`${keys}\n${own}\ntls = { ca_file = ${JSON.stringify(join(folder, "ca.pem"))} }`);
  expect((await factory.get("asked").codegen(INPUT)).text).toBe("fine");
  const basic = Buffer.from(`clerk:${SECRETS.proxyPassword}`).toString("base64");
  expect(proxy.connects).toHaveLength(1);
  expect(proxy.connects[0]).toContain(`127.0.0.1:${origin.port}`);
  expect(secretsIn(proxy.connects[0]?.replace(basic, "") ?? "")).toEqual([]);
  expect(seen.join()).not.toContain(basic);
  expect(secretsIn(seen.join()).length).toBeGreaterThan(0);
});
