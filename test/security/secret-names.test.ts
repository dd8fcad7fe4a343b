import { expect, it, onTestFinished } from "vitest";
import { isSecretName } from "../../src/core/secret-name.ts";
import { ConfigError, ModelFactory } from "../../src/index.ts";
import { failureOf, serving } from "../wire/ask.ts";

it.each(
  "x-auth X-Api-Key authorization cookie set-cookie token access_token accessToken x-session jwt sig password passwd pass clientSecret x-amz-signature".split(
    " ",
  ),
)("%s is the name of a credential", (name) => expect(isSecretName(name)).toBe(true));

it.each("max_tokens maxTokens auth_header authHeader author passage temperature x-team system".split(" "))(
  "%s is not",
  (name) => expect(isSecretName(name)).toBe(false),
);

it("a credential in extra_body or a header is in neither the settings nor an error nor a log line", async () => {
  const server = await serving(({ body, headers }) => ({
    status: 400,
    body: JSON.stringify({ error: { message: `cannot read ${body} with ${headers["x-auth"]}` } }),
    headers: { "content-type": "application/json" },
  }));
  const lines: string[] = [];
  const log = (message: string, fields: unknown) => void lines.push(JSON.stringify([message, fields]));
  const toml = `[models.m]\nname = "m"\nprovider = "host"\ncustom_llm_provider = "openai"\nbase_url = "${server.origin}/v1"\napi_key = "none"\nextra_headers = { x-auth = "hunter2" }\nextra_body = { token = "tk-Pq8Xz3Wm", auth = { user = "Wm6Vk1Ju9" }, list = [{ password = "Zt5Rk2Lm8" }] }\n`;
  const factory = ModelFactory.parse(toml, { env: {}, logger: { debug: log, info: log, warn: log, error: log } });
  onTestFinished(() => factory.close());
  const model = factory.get("m");
  const error = await failureOf(model.codegen("Hello"));
  const shown = [error.message, JSON.stringify(model.config), ...lines].join("\n");
  for (const secret of ["hunter2", "tk-Pq8Xz3Wm", "Wm6Vk1Ju9", "Zt5Rk2Lm8"]) expect(shown).not.toContain(secret);
});

it("a key that was written as the name of a header is in no part of the problem", () => {
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
