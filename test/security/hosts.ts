import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type FactoryOptions, ModelFactory } from "../../src/index.ts";
import { SECRETS } from "../harness/canary.ts";
import type { Wire } from "../harness/wires.ts";

/** A host with one of the wires and every kind of credential an entry can have. */
export interface Host {
  readonly name: string;
  readonly wire: Wire;
  /** Settings of the entry that select this host. */
  readonly keys: (origin: string) => string;
  readonly options?: FactoryOptions;
}

const plain = (wire: Wire) => (origin: string) =>
  `provider = "some-host"\ncustom_llm_provider = "${wire}"\nbase_url = "${wire.startsWith("openai") ? `${origin}/v1` : origin}"`;
const { key, secondKey, header, authorization, token, bodyField, bodyPassword, bodyParameter, bodyUser } = SECRETS;
const BODY = `extra_body = { x_options = [{ pwd = "${bodyField}" }], x_hook = "https://clerk:${bodyPassword}@hooks.test/in?api_key=${bodyParameter}", x_note = "clone https://${bodyUser}@git.test/repository first" }`;
const KEYS = `${BODY}\napi_key = ["${key}", "${secondKey}"]\nextra_headers = { x-gateway-token = "${header}" }`;

export const HOSTS: readonly Host[] = [
  { name: "openai", wire: "openai", keys: (origin) => `${plain("openai")(origin)}\n${KEYS}` },
  {
    name: "openai-responses",
    wire: "openai-responses",
    keys: (origin) => `${plain("openai-responses")(origin)}\n${KEYS}`,
  },
  { name: "anthropic", wire: "anthropic", keys: (origin) => `${plain("anthropic")(origin)}\n${KEYS}` },
  { name: "google", wire: "google", keys: (origin) => `${plain("google")(origin)}\n${KEYS}` },
  {
    name: "azure",
    wire: "openai",
    keys: (origin) => `provider = "azure"\napi_version = "2024-10-21"\nbase_url = "${origin}"\n${KEYS}`,
  },
  {
    name: "vertex",
    wire: "google",
    keys: (origin) => `provider = "vertex"\nvertex_project = "orchards"\nbase_url = "${origin}"\n${BODY}`,
    options: { tokens: { vertex: async () => token } },
  },
  {
    name: "an authorization of its own",
    wire: "openai",
    keys: (origin) =>
      `${plain("openai")(origin)}\n${BODY}\nextra_headers = { Authorization = "Bearer ${authorization}" }`,
  },
];

export interface Logged {
  readonly factory: ModelFactory<Record<never, never>>;
  /** The content of the log file. */
  readonly log: () => string;
}

/** A factory with one entry `asked` and a log file at level debug; both are removed when the test ends. */
export function factoryWith(
  entry: string,
  options: FactoryOptions = {},
  logging = 'level = "debug"\nformat = "text"',
): Logged {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-security-"));
  const toml = `[logging]\n${logging}\nfile = "models.log"\n[cache]\nstore = "memory"\n[models.asked]\nname = "some-model"\nnum_retries = 0\ncircuit_breaker = false\n${entry}\n`;
  const factory = ModelFactory.parse(toml, { env: {}, baseDir: folder, ...options });
  onTestFinished(async () => {
    await factory.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { factory, log: () => readFileSync(join(folder, "models.log"), "utf8") };
}
