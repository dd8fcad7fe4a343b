import { describe, expect, test } from "vitest";
import { parse, refusal } from "../harness/parse-config.ts";

const FILE = `
[defaults]
num_retries = 1
[models."gpt-4.1"]
name = "gpt-4.1"
provider = "openai"
temperature = 0.5
[models.coder]
extends = "gpt-4.1"
circuit_breaker = { threshold = 3, window = "1m" }
[profiles.ci.models.coder]
temperature = 0.7
`;

describe("a variable that sets one key", () => {
  test("overrides file and profile, in a table or a quoted name", () => {
    const env = {
      MODELWRIGHT_MODELS__CODER__TEMPERATURE: "0.9",
      MODELWRIGHT_MODELS__GPT_4_1__TOP_P: "0.3",
      MODELWRIGHT_MODELS__CODER__CIRCUIT_BREAKER__THRESHOLD: "9",
      MODELWRIGHT_DEFAULTS__TIMEOUT: "30s",
      MODELWRIGHT_PROVIDERS__OPENAI__BASE_URL: "http://127.0.0.1:1/v1",
      MODELWRIGHT_DEFAULT_MODEL: "coder",
      MODELWRIGHT_CACHE__TTL: "5m",
    };
    const config = parse(FILE, { env, profile: "ci" });
    expect(config.entry("coder")).toMatchObject({
      ...{ temperature: 0.9, topP: 0.3, timeout: 30_000, baseUrl: "http://127.0.0.1:1/v1", numRetries: 1 },
      circuitBreaker: { threshold: 9, window: 60_000 },
    });
    expect(config.defaultModel).toBe("coder");
    expect(config.cache?.ttl).toBe(300_000);
  });

  test("is the origin of the value", () => {
    const env = { MODELWRIGHT_MODELS__CODER__TEMPERATURE: "0.9" };
    expect(parse(FILE, { env }).origin("coder", "temperature")).toEqual({
      ...{ layer: "environment", from: "MODELWRIGHT_MODELS__CODER__TEMPERATURE", file: undefined, line: 0, column: 0 },
    });
  });

  test("accepts TOML syntax and unquoted strings", () => {
    const of = (key: string, value: string) =>
      parse(FILE, { env: { [`MODELWRIGHT_MODELS__CODER__${key}`]: value } }).entry("coder");
    expect(of("STOP", '["a", "b"]').stop).toEqual(["a", "b"]);
    expect(of("STRICT", "true").strict).toBe(true);
    expect(of("API_KEY", "12345678").apiKey).toEqual(["12345678"]);
    expect(of("SYSTEM", "1979-05-27").system).toBe("1979-05-27");
    expect(of("SYSTEM", 'a"b\ntemperature = 2').system).toBe('a"b\ntemperature = 2');
    expect(of("EXTRA_HEADERS", '{ "X-Team" = "a" }').extraHeaders).toEqual({ "X-Team": "a" });
    expect(of("TEMPERATURE", "").temperature).toBe(0.5);
  });

  test("is rejected by its name when invalid", () => {
    const told = (variable: string, value: string) => refusal(FILE, { env: { [variable]: value } }).message;
    expect(told("MODELWRIGHT_MODELS__CODER__TEMPERATURE", "hot")).toBe(
      'MODELWRIGHT_MODELS__CODER__TEMPERATURE: "temperature" must be a number, not "hot"',
    );
    expect(told("MODELWRIGHT_MODELS__CODER__TEMPRATURE", "1")).toBe(
      'MODELWRIGHT_MODELS__CODER__TEMPRATURE: unknown key "temprature" in [models.coder] (did you mean "temperature"?)',
    );
    expect(told("MODELWRIGHT_MODELS__CODR__TEMPERATURE", "1")).toBe(
      'MODELWRIGHT_MODELS__CODR__TEMPERATURE: no [models.NAME] matches "CODR" (did you mean "CODER"?)',
    );
    expect(told("MODELWRIGHT_MODELS__CODER__FALLBACK_MODELS", '["nobody"]')).toContain('unknown entry "nobody"');
    expect(told("MODELWRIGHT_DEFAULT_MODEL", "nobody")).toMatch(/^MODELWRIGHT_DEFAULT_MODEL: unknown entry "nobody"/);
    expect(told("MODELWRIGHT_MODELS__CODER__API_KEY", "two words of-a-secret-key")).not.toContain("secret");
  });

  test("is ignored for an unknown entry of parsed text", () => {
    const env = { MODELWRIGHT_MODELS__OTHER__TEMPERATURE: "1" };
    expect(parse(FILE, { env, file: undefined }).names).toHaveLength(2);
  });

  test("is rejected for an unknown name", () => {
    const told = (variable: string, file = FILE) => {
      const { problems } = refusal(file, { env: { [variable]: "1" } });
      return problems.map(({ message, suggestion }) => [message, suggestion]);
    };
    expect(told("MODELWRIGHT_SIMULATED")).toEqual([
      ["MODELWRIGHT_SIMULATED: unknown variable", "MODELWRIGHT_SIMULATE"],
    ]);
    expect(told("MODELRIGHT_SIMULATE")).toEqual([["MODELRIGHT_SIMULATE: unknown variable", "MODELWRIGHT_SIMULATE"]]);
    expect(told("MODELWRIGHT_PROFIL")).toEqual([["MODELWRIGHT_PROFIL: unknown variable", "MODELWRIGHT_PROFILE"]]);
    expect(told("MODELWRIGHT_MODEL__CODER__TOP_P")).toEqual([
      ["MODELWRIGHT_MODEL__CODER__TOP_P: unknown variable", "MODELWRIGHT_MODELS__CODER__TOP_P"],
    ]);
    expect(told("MODELWRIGHT_LIVE")).toEqual([
      [
        "MODELWRIGHT_LIVE: unknown variable; known variables: MODELWRIGHT_CONFIG, MODELWRIGHT_PROFILE, MODELWRIGHT_SIMULATE, MODELWRIGHT_DEFAULT_MODEL, MODELWRIGHT_RECORD, MODELWRIGHT_DEFAULTS__…, MODELWRIGHT_PROVIDERS__…, MODELWRIGHT_MODELS__…, MODELWRIGHT_CACHE__…, MODELWRIGHT_LOGGING__…, MODELWRIGHT_STATE__…, MODELWRIGHT_AUDIT__…, MODELWRIGHT_TELEMETRY__…, MODELWRIGHT_LEDGER__…, MODELWRIGHT_RECORD__…",
        undefined,
      ],
    ]);
    expect(told("MODELWRIGHT_MODELS__X")).toHaveLength(1);
    expect(
      told("MODELWRIGHT_KEY", FILE.replace("temperature = 0.5", 'api_key = "env:MODELWRIGHT_KEY_2"')),
    ).toHaveLength(1);
  });

  test("is not rejected if the file refers to it, if it is empty, or without our prefix", () => {
    const file = FILE.replace(
      "temperature = 0.5",
      'api_key = ["env:MODELWRIGHT_KEY", "env:MODELWRIGHT_OLD_KEY:-none"]',
    );
    const env = {
      ...{ MODELWRIGHT_CONFIG: "x", MODELWRIGHT_KEY: "k-1", MODELWRIGHT_OLD_KEY: "k-2", MODELWRIGHT_SIMULATED: "" },
      ...{
        MODELWRIGHT_SERVICE_HOST: "10.0.0.1",
        MODELWRIGHT_PORT: "tcp://10.0.0.1:80",
        MODELWRIGHT_PORT_80_TCP_ADDR: "10.0.0.1",
      },
      ...{ MODEL_CONFIG: "x", MODELS_DIR: "y", OTHER_SIMULATE: "1" },
    };
    expect(parse(file, { env }).names).toHaveLength(2);
    expect(parse(FILE, { env: { MODELWRIGHT_LIVE: "1" }, file: undefined }).names).toHaveLength(2);
  });
});
