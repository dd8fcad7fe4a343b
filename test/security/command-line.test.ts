import { describe, expect, test } from "vitest";
import { serving } from "../harness/ask.ts";
import { around, PROMPT, promptsIn, SECRETS, secretsIn } from "../harness/canary.ts";
import { smallBody } from "../harness/small-answers.ts";
import { cli } from "../harness/terminal.ts";

const { key, secondKey, header, authorization, proxyPassword, query } = SECRETS;

const tomlFor = (origin: string) => `[models.asked]
name = "some-model"
provider = "some-host"
custom_llm_provider = "openai"
base_url = "${origin}/v1"
num_retries = 0
api_key = ["${key}", "env:SECOND_KEY"]
extra_headers = { x-gateway-token = "${header}", x-plain = "env:PLAIN" }

[models.other]
name = "other"
provider = "openai"
api_key = "env:SECOND_KEY:-${key}"
proxy = "http://clerk:${proxyPassword}@127.0.0.1:3128"
base_url = "https://example.invalid/v1?key=${query}"

[models.own]
name = "own"
provider = "anthropic"
extra_headers = { Authorization = "Bearer ${authorization}" }
`;
const ENV = { SECOND_KEY: secondKey, PLAIN: "Mw4Ke8Ty2Uz6Gd1Jc5" };

function expectKept(text: string, mayHoldPrompts = false): void {
  const found = [...secretsIn(text), ...(mayHoldPrompts ? [] : promptsIn(text))];
  if (text.includes(ENV.PLAIN)) found.push(ENV.PLAIN);
  expect(found, around(text, found)).toEqual([]);
}

describe("no command shows a secret:", () => {
  const COMMANDS = [
    ["run", "-m", "asked", PROMPT],
    ["run", "-m", "other", PROMPT],
    ["models"],
    ["check"],
    ["check", "--keys"],
    ["explain", "asked"],
    ["explain", "other"],
    ["explain", "own"],
    ["init", "other.toml", "--yes"],
  ];

  for (const flags of [[], ["--json"], ["--debug"], ["--json", "--debug"]]) {
    test.each(COMMANDS)(`%s %s %s ${flags.join(" ")}`, async (...words) => {
      const server = await serving((request) => ({
        status: 401,
        body: JSON.stringify({ error: { message: `${JSON.stringify(request.headers)} ${request.body}` } }),
      }));
      const argv = [...words.filter((word) => word !== undefined), ...flags];
      const { out, err } = await cli(argv, { toml: tomlFor(server.origin), env: ENV });
      expect(out + err).not.toBe("");
      expectKept(out + err);
    });
  }

  for (const flags of [[], ["--json"], ["--debug"]]) {
    test.each([
      ["models", "--discover"],
      ["check", "--online"],
    ])(`%s %s ${flags.join(" ")}`, async (...words) => {
      const server = await serving((request) => ({
        status: 401,
        body: JSON.stringify({ error: { message: JSON.stringify(request.headers) } }),
      }));
      const toml = `${tomlFor(server.origin).split("[models.other]")[0]}
[models.proxied]
name = "m"
provider = "openai"
base_url = "${server.origin}/v1?key=${query}"
proxy = "http://clerk:${proxyPassword}@127.0.0.1:9"
api_key = "${key}"
`;
      const { out, err, code } = await cli([...words, ...flags], { toml, env: ENV });
      expect(out).not.toBe("");
      expectKept(out + err);
      expect(code).toBe(words[0] === "check" ? 2 : 1);
    });
  }

  test("with --raw, which may contain the prompt but no key", async () => {
    const server = await serving(() => smallBody("openai"));
    const argv = ["run", "-m", "asked", "--json", "--raw", PROMPT];
    const { out, err, code } = await cli(argv, { toml: tomlFor(server.origin), env: ENV });
    expect(code).toBe(0);
    expectKept(out + err, true);
  });
});

describe("an excerpt of models.toml masks", () => {
  const MISTAKES = [
    ["a key above the mistake", `api_key = "${key}"\ntemprature = 1`],
    ["a key below the mistake", `temprature = 1\napi_key = '${key}'`],
    ["a key on the line of the mistake", `api_key = "${key} ${secondKey}"`],
    ["a list of keys", `temprature = 1\napi_key = [\n  "${key}",\n  "${secondKey}",\n]`],
    ["a list whose end is wrong", `api_key = [\n  "${key}",\n  7,\n]`],
    ["a header", `extra_headers = { Host = "${header}" }`],
    ["a password", `proxy = "clerk:${proxyPassword}@proxy"`],
    ["a default of a variable", `temprature = 1\napi_key = "env:KEY:-${key}"`],
    ["a key without quotes", `api_key = ${key}`],
    ["a key that is not closed", `api_key = "${key}`],
    ["a key under a wrong name", `apikye = "${key}"`],
    ["a key in the wrong place", `provider = "${key}"`],
  ] as const;

  test.each(MISTAKES)("%s", async (_name, lines) => {
    const provider = lines.startsWith("provider") ? "" : 'provider = "openai"\n';
    for (const flags of [[], ["--json"], ["--debug"]]) {
      const toml = `[models.a]\nname = "a"\n${provider}${lines}\n`;
      const { out, err, code } = await cli(["check", ...flags], { toml });
      expect(code).toBe(2);
      expectKept(out + err);
      if (flags.length === 0) expect(out + err).toMatch(/\d \| /);
    }
  });

  test("only secrets", async () => {
    const toml = '[models.a]\nname = "a"\nprovider = "openai"\napi_key = "env:OPENAI_API_KEY"\ntemprature = 1\n';
    const { out } = await cli(["check"], { toml });
    expect(out).toContain('4 | api_key = "env:OPENAI_API_KEY"');
  });
});
