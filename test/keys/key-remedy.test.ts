import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { FactoryOptions } from "../../src/factory/options.ts";
import { host } from "../harness/host.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, PROMPT } from "./world.ts";

const SECRET = "not-a-real-key-8d1f";
const ENV = { FIRST_KEY: `${SECRET}-1`, SECOND_KEY: `${SECRET}-2`, OPENAI_API_KEY: SECRET };

/** The failure of a call whose credential the server rejects. */
async function rejected(lines: string, { more = "", ...options }: FactoryOptions & { more?: string } = {}) {
  const server = await host({
    answer: (_, response) => {
      response.writeHead(401, { "content-type": "application/json" }).end('{"error":{"message":"invalid key"}}');
      return true;
    },
  });
  const toml = `[models.main]\nname = "m"\nbase_url = "${server.url}/v1"\n${lines}\n${more}`;
  const model = factoryOf(toml, { env: ENV, ...options }).create();
  const ask = () => failureOf(model.codegen(PROMPT));
  return { first: await ask(), ask };
}

const OPENAI = 'provider = "openai"\n';
const OWN = 'provider = "my-own"\ncustom_llm_provider = "openai"\n';

test.each([
  ["the variable of a reference", `${OPENAI}api_key = "env:FIRST_KEY"`, "check FIRST_KEY"],
  ["the variable of a reference with a default", `${OPENAI}api_key = "env:FIRST_KEY:-${SECRET}"`, "check FIRST_KEY"],
  ["the usual variable of the provider", OPENAI, "check OPENAI_API_KEY"],
  ["the table of a literal", `${OPENAI}api_key = "${SECRET}"`, "check api_key of [models.main]"],
  ["every variable", `${OPENAI}api_key = ["env:FIRST_KEY", "env:SECOND_KEY"]`, "check FIRST_KEY, SECOND_KEY"],
  [
    "variables and literals",
    `${OPENAI}api_key = ["env:FIRST_KEY", "${SECRET}"]`,
    "check FIRST_KEY, api_key of [models.main]",
  ],
  ["what to set without a key", OWN, "no key was sent; set api_key in [models.main]"],
  ["why no key was sent", `${OWN}auth_header = "none"`, 'no key was sent, because auth_header is "none"'],
  [
    "the header",
    `${OWN}extra_headers = { authorization = "Bearer ${SECRET}" }`,
    'check "authorization" in extra_headers of [models.main]',
  ],
])("a rejected credential is reported with %s", async (_, lines, remedy) => {
  const { first } = await rejected(lines);
  expect(first).toMatchObject({ code: "unauthorized", message: expect.stringContaining(`invalid key (${remedy})`) });
  expect(JSON.stringify([first, first.details(), String(first.stack)])).not.toContain(SECRET);
});

test("a rejected credential is reported with the table that it is inherited from", async () => {
  const { first } = await rejected(OPENAI, { more: `[providers.openai]\napi_key = "${SECRET}"\n` });
  expect(first.message).toContain("(check api_key of [providers.openai])");
});

test("a rejected credential is reported with the variable that overrides the file", async () => {
  const env = { MODELWRIGHT_MODELS__MAIN__API_KEY: SECRET };
  const { first } = await rejected(OPENAI, { env });
  expect(first.message).toContain("(check MODELWRIGHT_MODELS__MAIN__API_KEY)");
});

test("a rejected credential is reported with its file", async () => {
  const baseDir = mkdtempSync(join(tmpdir(), "keys-"));
  onTestFinished(() => rmSync(baseDir, { recursive: true }));
  writeFileSync(join(baseDir, "key.txt"), SECRET);
  const { first } = await rejected(`${OPENAI}api_key = "file:key.txt"`, { baseDir });
  expect(first.message).toContain("(check the file key.txt)");
});

test("a rejected token is reported with its hook", async () => {
  const { first } = await rejected(OPENAI, { tokens: { openai: async () => SECRET } });
  expect(first.message).toContain('(check the token hook of "openai")');
});

test("later calls name the variables of all rejected keys too", async () => {
  const { ask } = await rejected(`${OPENAI}api_key = ["env:FIRST_KEY", "env:SECOND_KEY"]`);
  expect((await ask()).message).toBe(
    "main: all API keys were rejected (unauthorized, unauthorized); check FIRST_KEY, SECOND_KEY",
  );
});
