import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigError, isModelError, ModelFactory } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { everythingOf, SECRETS, secretsIn } from "../harness/canary.ts";
import { smallBody } from "../harness/small-answers.ts";
import { HOSTS } from "./hosts.ts";

/** Values that could end a header line and begin another, or that cannot be sent at all. */
const BAD_CHARACTERS = [
  ["CR LF", "\r\nx-evil: 1"],
  ["LF", "\nx-evil: 1"],
  ["CR", "\rx-evil: 1"],
  ["NUL", "\u0000"],
  ["DEL", "\u007f"],
  ["escape", "\u001b[2J"],
  ["a euro sign", "€"],
  ["a line separator", "\u2028x-evil: 1"],
] as const;
const OWNED = [
  "Host",
  "Content-Length",
  "Transfer-Encoding",
  "Connection",
  "Keep-Alive",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Upgrade",
  "Expect",
];

const entry = (line: string) => `[models.a]\nname = "m"\nprovider = "openai"\n${line}\n`;

function refusal(line: string, env: Readonly<Record<string, string>> = {}): ConfigError {
  try {
    ModelFactory.parse(entry(line), { env: { OPENAI_API_KEY: "k", ...env } }).get("a");
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error(`accepted: ${line}`);
}

describe("models.toml is rejected with position and path, without the value, for", () => {
  for (const [name, bad] of BAD_CHARACTERS) {
    test.each([
      ["extra_headers", "extra_headers = { x-team = VALUE }", "models.a.extra_headers.x-team"],
      ["api_key", "api_key = VALUE", "models.a.api_key"],
      ["a list of keys", 'api_key = ["k", VALUE]', "models.a.api_key[1]"],
      ["organization_id", "organization_id = VALUE", "models.a.organization_id"],
      ["project_id", "project_id = VALUE", "models.a.project_id"],
      ["api_version", "api_version = VALUE", "models.a.api_version"],
    ])(`${name} in %s, written out or behind a variable`, (_key, line, path) => {
      const value = `${SECRETS.header}${bad}`;
      const written = refusal(line.replace("VALUE", JSON.stringify(value).replace("\u007f", "\\u007f")));
      const behind = refusal(line.replace("VALUE", '"env:VALUE"'), { VALUE: `${value}.` });
      for (const { problems } of [written, behind]) {
        expect(problems[0]).toMatchObject({ line: 4, path });
        expect(problems[0]?.column).toBeGreaterThan(9);
      }
      for (const error of [written, behind]) expect(secretsIn(everythingOf(error))).toEqual([]);
    });
  }

  test.each(OWNED)("the header %s, which belongs to the connection", (header) => {
    for (const name of [header, header.toLowerCase(), header.toUpperCase()]) {
      const { problems } = refusal(`extra_headers = { "${name}" = "${SECRETS.header}" }`);
      expect(problems[0]).toMatchObject({ line: 4, path: `models.a.extra_headers.${name}` });
      expect(secretsIn(problems[0]?.message ?? "")).toEqual([]);
    }
  });

  test.each(["bad name", "bad:name", "bad\\r\\nname", ""])("the header name %j", (name) => {
    expect(refusal(`extra_headers = { "${name}" = "1" }`).problems[0]).toMatchObject({ line: 4 });
  });
});

for (const { name, wire, keys, options } of HOSTS) {
  describe(`${name}: nothing is sent for`, () => {
    const asking = async (extraHeaders: Readonly<Record<string, string>>) => {
      const server = await serving(() => smallBody(wire));
      const factory = ModelFactory.parse(`[models.a]\nname = "m"\n${keys(server.origin)}\n`, { env: {}, ...options });
      onTestFinished(() => factory.close());
      const outcome = await factory.get("a").safeCodegen("Hello", { extraHeaders });
      return { outcome, requests: server.requests.length };
    };

    test.each(BAD_CHARACTERS)("a per-call header with %s", async (_what, bad) => {
      const { outcome, requests } = await asking({ "x-team": `${SECRETS.header}${bad}` });
      if (outcome.ok) throw new Error("was sent");
      expect([outcome.error.code, requests]).toEqual(["invalid_request", 0]);
      expect(secretsIn(everythingOf(outcome.error))).toEqual([]);
    });

    test("a per-call header that belongs to the connection", async () => {
      for (const header of OWNED) {
        const { outcome, requests } = await asking({ [header]: "1" });
        expect([!outcome.ok && outcome.error.code, requests, header]).toEqual(["invalid_request", 0, header]);
      }
    });
  });

  test(`${name}: no model name, user, tag or prompt adds a header line or leaves the path`, async () => {
    const evil = 'm\r\nx-evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n\r\n/../../evil?evil=1#evil "\u0000';
    const server = await serving(() => smallBody(wire));
    const toml = `[models.a]\nname = ${JSON.stringify(evil)}\n${keys(server.origin)}\n`;
    const factory = ModelFactory.parse(toml, { env: {}, ...options });
    onTestFinished(() => factory.close());
    const call = { user: evil, tags: [evil], metadata: { evil } };
    const outcome = await factory.get("a").safeCodegen(evil, call);
    if (!outcome.ok) expect(isModelError(outcome.error)).toBe(true);
    expect(server.requests.length).toBeLessThanOrEqual(1);
    for (const { method, path, headers } of server.requests) {
      expect([method, headers["x-evil"], headers["evil"]]).toEqual(["POST", undefined, undefined]);
      expect(path).not.toMatch(/\s|^\/evil|\.\.\//);
    }
  });
}
