import { describe, expect, it } from "vitest";
import { ConfigError, type ConfigProblem, ModelFactory } from "../../src/index.ts";

const ENV = { OPENAI_API_KEY: "sk-real", TOKEN: "t", UNFILLED: "${REAL_KEY}" };

function problemsOf(lines: string): readonly ConfigProblem[] {
  const toml = `[models.a]\nname = "m"\nprovider = "host"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:9"\n${lines}\n`;
  try {
    ModelFactory.parse(toml, { env: ENV }).create();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const SPELLINGS = [
  ..."${OPENAI_API_KEY} $OPENAI_API_KEY os.environ/OPENAI_API_KEY {env:OPENAI_API_KEY} {{OPENAI_API_KEY}}".split(" "),
  ..."%OPENAI_API_KEY% env:openai_api_key ENV:OPENAI_API_KEY $env:OPENAI_API_KEY process.env.OPENAI_API_KEY".split(" "),
  ..."${env:OPENAI_API_KEY} ${OPENAI_API_KEY:-none} env.OPENAI_API_KEY $(OPENAI_API_KEY) #{OPENAI_API_KEY}".split(" "),
  ...["${{secrets.OPENAI_API_KEY}}", "os.environ['OPENAI_API_KEY']", "env:KEY:-${OPENAI_API_KEY}"],
];

const WORDS = ["env/production", "Env: prod", "env.production", "hello $name", "costs $USD", "team env:blue"];

describe("a placeholder of another tool", () => {
  it.each(SPELLINGS)("is reported in api_key with the correct syntax: %s", (value) => {
    const [problem] = problemsOf(`api_key = ${JSON.stringify(value)}`);
    expect(problem).toMatchObject({ line: 6, column: 11, path: "models.a.api_key" });
    expect(problem?.message).toMatch(/"env:OPENAI_API_KEY"|"env:NAME"/);
  });

  it.each(["Bearer env:TOKEN", "Bearer ${TOKEN}", "env:token", "Token %TOKEN%", "{{ TOKEN }}", "key=${TOKEN}"])(
    "is reported in a header: %s",
    (value) => {
      const [problem] = problemsOf(`extra_headers = { X-Team = ${JSON.stringify(value)} }`);
      expect(problem).toMatchObject({ line: 6, path: "models.a.extra_headers.X-Team" });
      expect(problem?.message).toContain('"env:TOKEN"');
    },
  );

  it("is reported in arrays of keys, defaults, providers and values of variables", () => {
    expect(problemsOf('api_key = ["env:TOKEN", "$TOKEN"]')).toMatchObject([{ path: "models.a.api_key[1]" }]);
    expect(problemsOf('[defaults]\napi_key = "${TOKEN}"')).toMatchObject([{ path: "defaults.api_key" }]);
    expect(problemsOf('[providers.host]\napi_key = "${TOKEN}"')).toMatchObject([{ path: "providers.host.api_key" }]);
    const [problem] = problemsOf('api_key = "env:UNFILLED"');
    expect(problem?.message).toContain("env:UNFILLED holds a placeholder");
  });

  it("includes a variable name instead of its value", () => {
    const [problem] = problemsOf('api_key = "OPENAI_API_KEY"');
    expect(problem?.message).toContain('is the name of a variable, not its value: write "env:OPENAI_API_KEY"');
    expect(problemsOf('extra_headers = { Authorization = "Bearer GATEWAY_TOKEN" }')).toHaveLength(1);
    expect(problemsOf('extra_headers = { X-Mode = "PUBLIC_KEY" }')).toEqual([]);
    for (const key of ["sk-OPENAI_API_KEY", "MYKEY", "key_1", "Api_Key", "SECRETKEY123"])
      expect(problemsOf(`api_key = "${key}"`), key).toEqual([]);
  });

  it("is reported in a URL and a proxy", () => {
    const address = problemsOf('[models.b]\nextends = "a"\nbase_url = "https://${TOKEN}/v1"');
    expect(address).toMatchObject([{ path: "models.b.base_url" }]);
    expect(problemsOf('proxy = "http://user:${TOKEN}@127.0.0.1:9"')).toMatchObject([{ path: "models.a.proxy" }]);
  });

  it.each(["sk-a$b%c", "pa$$word", "100%", "env::literal", "env:TOKEN", "a{b}c", "Basic YTpi", ...WORDS])(
    "is not detected in an ordinary value: %s",
    (value) => {
      expect(problemsOf(`extra_headers = { X-Team = ${JSON.stringify(value)} }`)).toEqual([]);
    },
  );
});
