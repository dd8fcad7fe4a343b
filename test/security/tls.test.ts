import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ModelError, ModelFactory } from "../../src/index.ts";
import { type Loopback, listen } from "../harness/loopback.ts";
import { SMALL_BODY } from "../harness/small-answers.ts";
import { AUTHORITY, IDENTITIES, type Identity, OTHER_AUTHORITY } from "./certificates.ts";

function folder(files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), "modelwright-tls-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text);
  return made;
}

const answering = (identity: Identity): Promise<Loopback> =>
  listen(
    https.createServer({ ...identity }, (_request, response) =>
      response.setHeader("content-type", "application/json").end(JSON.stringify(SMALL_BODY.openai)),
    ),
  );

const tomlFor = ({ port }: Loopback, keys: string) => `[models.a]
name = "m"
provider = "some-host"
custom_llm_provider = "openai"
base_url = "https://127.0.0.1:${port}/v1"
api_key = "k"
num_retries = 3
retry_min_wait = "1ms"
${keys}
`;

function modelAt(server: Loopback, keys = "", files: Readonly<Record<string, string>> = {}) {
  const factory = ModelFactory.parse(tomlFor(server, keys), { env: {}, baseDir: folder(files) });
  onTestFinished(() => factory.close());
  return factory.get("a");
}

const OURS = 'tls = { ca_file = "ca.pem" }';
const FILES = { "ca.pem": AUTHORITY };

describe("a certificate", () => {
  test.each([
    ["that is over", "expired", OURS, "CERT_HAS_EXPIRED", "expired"],
    ["for another host", "otherHost", OURS, "ERR_TLS_CERT_ALTNAME_INVALID", "does not match"],
    ["signed by itself", "selfSigned", "", "DEPTH_ZERO_SELF_SIGNED_CERT", "tls.ca_file"],
    ["of an authority nobody knows", "good", "", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls.ca_file"],
    ["of another authority than ours", "otherAuthority", OURS, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls.ca_file"],
  ] as const)("%s is connection_failed with the reason, without a retry", async (_name, identity, keys, code, why) => {
    const server = await answering(IDENTITIES[identity]);
    const outcome = await modelAt(server, keys, FILES).safeCodegen("Hello");
    const { error } = outcome as { error: ModelError };
    expect(error.code).toBe("connection_failed");
    expect(error.message).toContain(code);
    expect(error.message).toContain(why);
    expect(error.retryable).toBe(false);
    expect([error.attempts.length, server.opened, server.requests.length]).toEqual([1, 1, 0]);
  });

  test("that is invalid uses a fallback", async () => {
    const [bad, good] = [await answering(IDENTITIES.expired), await answering(IDENTITIES.good)];
    const other = tomlFor(good, OURS).replace("models.a", "models.b");
    const toml = `${tomlFor(bad, `${OURS}\nfallback_models = ["b"]`)}\n${other}`;
    const factory = ModelFactory.parse(toml, { env: {}, baseDir: folder(FILES) });
    onTestFinished(() => factory.close());
    expect((await factory.get("a").codegen("Hello")).model).toBe("b");
  });

  test("from the authority in tls.ca_file is accepted", async () => {
    const server = await answering(IDENTITIES.good);
    expect((await modelAt(server, OURS, FILES).codegen("Hello")).text).toBe("fine");
  });

  test("of any kind is accepted only for the entry with reject_unauthorized = false", async () => {
    for (const identity of ["expired", "otherHost", "selfSigned", "otherAuthority"] as const) {
      const server = await answering(IDENTITIES[identity]);
      const trusting = modelAt(server, "tls = { reject_unauthorized = false }");
      expect((await trusting.codegen("Hello")).text).toBe("fine");
      expect((await modelAt(server).safeCodegen("Hello")).ok).toBe(false);
    }
  });
});

/** The outcome of one call in a process with these variables; Node reads them only at startup. */
async function inProcess(server: Loopback, keys: string, env: Readonly<Record<string, string>>, files = {}) {
  const here = folder({ ...files, "models.toml": tomlFor(server, keys) });
  const source = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
  const script = `import { ModelFactory } from ${JSON.stringify(source)};
const factory = await ModelFactory.load(${JSON.stringify(join(here, "models.toml"))}, { env: {} });
const outcome = await factory.get("a").safeCodegen("Hello");
console.log(outcome.ok ? outcome.reply.text : outcome.error.code);
await factory.close();`;
  const extra = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace("HERE", here)]));
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, ...extra },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let out = "";
  child.stdout.on("data", (piece) => {
    out += piece;
  });
  await once(child, "close");
  return out.trim();
}

describe("variables of the process", () => {
  test("NODE_TLS_REJECT_UNAUTHORIZED=0 does not disable the check", async () => {
    const server = await answering(IDENTITIES.expired);
    expect(await inProcess(server, "", { NODE_TLS_REJECT_UNAUTHORIZED: "0" })).toBe("connection_failed");
  });

  test("NODE_EXTRA_CA_CERTS and the default authorities are kept with tls.ca_file", async () => {
    const files = { "ca.pem": OTHER_AUTHORITY, "extra.pem": AUTHORITY };
    const server = await answering(IDENTITIES.good);
    expect(await inProcess(server, OURS, { NODE_EXTRA_CA_CERTS: "HERE/extra.pem" }, files)).toBe("fine");
    expect(await inProcess(server, OURS, {}, files)).toBe("connection_failed");
  });
});

describe("tls.ca_file", () => {
  test.each([
    ["is not there", {}],
    ["holds no certificate", { "ca.pem": "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n" }],
    ["is empty", { "ca.pem": "" }],
  ])("that %s is a ConfigError", async (_name, files) => {
    const server = await answering(IDENTITIES.good);
    expect(() => modelAt(server, OURS, files as Record<string, string>)).toThrowError(/ca\.pem/);
  });
});
