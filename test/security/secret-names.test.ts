import { expect, it, onTestFinished } from "vitest";
import { addressSecrets, maskedAddress } from "../../src/core/masked-address.ts";
import { isSecretName } from "../../src/core/secret-name.ts";
import { ConfigError, ModelFactory } from "../../src/index.ts";
import { recordingTransport, startSimulator } from "../../src/testing/index.ts";
import { serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";

it.each(
  "x-auth X-Api-Key authorization cookie set-cookie token access_token accessToken x-session jwt sig password passwd pass pwd db_pwd dbPwd pw userPass clientSecret x-amz-signature code access_code".split(
    " ",
  ),
)("%s is the name of a credential", (name) => expect(isSecretName(name)).toBe(true));

it.each(
  "max_tokens maxTokens auth_header authHeader author passage temperature x-team system error_code idempotency-key".split(
    " ",
  ),
)("%s is not the name of a credential", (name) => expect(isSecretName(name)).toBe(false));

it.each([
  ["https://clerk:hunter2@host.test/v1", "https://[secret]@host.test/v1"],
  ["https://hunter2token@host.test", "https://[secret]@host.test"],
  ["https://clerk:p@ss@host.test?mail=a@b.test", "https://[secret]@host.test?mail=a@b.test"],
  ["https://host.test?a=1&api_key=x#access_token=y", "https://host.test?a=1&api_key=[secret]#access_token=[secret]"],
  ["/v1/models?api%5Fkey=x&sort=key", "/v1/models?api%5Fkey=[secret]&sort=key"],
  ["clone ssh://git:word@host.test, then go on", "clone ssh://[secret]@host.test, then go on"],
])("the URL %s is displayed as %s", (address, shown) => expect(maskedAddress(address)).toBe(shown));

it.each([
  ["https://clerk:p%40ss@host.test", ["p%40ss", "p@ss", btoa("clerk:p@ss")]],
  ["see https://ghp_12345678@host.test", ["ghp_12345678"]],
  ["https://clerk@host.test", []],
  ["https://host.test?sort=name&sig=a+b%2F", ["a+b%2F", "a+b/", "a b/"]],
  [`{"hook":"https://host.test?key=abc","n":1}`, ["abc"]],
])("%s contains the secrets %j", (text, secrets) =>
  expect(addressSecrets(text)).toEqual(expect.arrayContaining(secrets)),
);

it("a URL without a credential contains no secrets", () =>
  expect(addressSecrets("https://clerk@host.test/a?sort=name#top and mail to a@b.test")).toEqual([]));

it.each(["x-auth", "x-gateway-token", "cookie", "api-key", "set-cookie", "x-amz-signature"])(
  "the header %s is masked in what the test doubles record",
  async (name) => {
    const simulator = await startSimulator();
    onTestFinished(() => simulator.close());
    const transport = recordingTransport();
    onTestFinished(() => transport.close());
    const address = `${simulator.baseUrl("openai")}/models?api_key=Pq8Xz3Wm&page=2`;
    await transport.fetch(address, { headers: { [name]: "hunter2", "x-team": "blue" } });
    for (const { headers } of [...simulator.requests, ...transport.requests])
      expect(headers).toMatchObject({ [name]: "[masked]", "x-team": "blue" });
    expect(transport.requests[0]?.url).toContain("?api_key=[masked]&page=2");
    expect(simulator.requests[0]?.path).toBe("/v1/models?api_key=%5Bmasked%5D&page=2");
  },
);

it("a credential in extra_body or a header is in neither the settings nor an error nor a log line", async () => {
  const server = await serving(({ body, headers }) => ({
    status: 400,
    body: JSON.stringify({ error: { message: `cannot read ${body} with ${headers["x-auth"]}` } }),
    headers: { "content-type": "application/json" },
  }));
  const lines: string[] = [];
  const log = (message: string, fields: unknown) => void lines.push(JSON.stringify([message, fields]));
  const toml = `[models.m]\nname = "m"\nprovider = "host"\ncustom_llm_provider = "openai"\nbase_url = "${server.origin}/v1"\napi_key = "none"\nextra_headers = { x-auth = "hunter2" }\nextra_body = { token = "tk-Pq8Xz3Wm", auth = { user = "Wm6Vk1Ju9" }, list = [{ password = "Zt5Rk2Lm8" }], pin_token = 48151623, hook = "https://clerk:Ju7Hy6@host.test?key=Gt5Fr4" }\n`;
  const factory = ModelFactory.parse(toml, { env: {}, logger: { debug: log, info: log, warn: log, error: log } });
  onTestFinished(() => factory.close());
  const model = factory.get("m");
  const error = await failureOf(model.codegen("Hello"));
  const shown = [error.message, JSON.stringify(model.config), ...lines].join("\n");
  for (const secret of ["hunter2", "tk-Pq8Xz3Wm", "Wm6Vk1Ju9", "Zt5Rk2Lm8", "48151623", "Ju7Hy6", "Gt5Fr4"])
    expect(shown).not.toContain(secret);
});

it("a key that was used as a header name is not in the error", () => {
  const key = "sk-proj-Pq8Xz3Wm6Vk1Ju9Bn4Cd";
  const toml = `[models.m]\nname = "gpt-4o"\nprovider = "openai"\n[models.m.extra_headers]\n"${key} x" = "a"\n${key} = 7\n`;
  let error: unknown;
  try {
    ModelFactory.parse(toml);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ConfigError);
  expect(JSON.stringify((error as ConfigError).problems) + String(error)).not.toContain("Pq8Xz3Wm6");
});
