import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { cli, TOML } from "../harness/terminal.ts";

describe("explain", () => {
  it("shows values, request, changes, failures and timeouts of an entry", async () => {
    const { golden } = await cli(["explain", "careful"], { toml: TOML });
    await expect(golden).toMatchFileSnapshot("golden/explain.txt");
  });

  it("prints the same as JSON", async () => {
    const { golden } = await cli(["explain", "careful", "--json"], { toml: TOML });
    await expect(golden).toMatchFileSnapshot("golden/explain-json.txt");
  });

  it("shows dropped settings", async () => {
    const { out } = await cli(["explain", "fast", "-t", "0.7"], { toml: TOML });
    expect(out).toContain("temperature: 0.7 left out: made-up-1 does not support temperature");
  });

  it("shows why nothing would be sent", async () => {
    const { code, out } = await cli(["explain", "fast", "-t", "0.7"], {
      toml: TOML.replace("num_retries = 1", "strict = true"),
    });
    expect(out).toContain("nothing is sent: unsupported: ");
    expect(code).toBe(0);
  });

  it.each([
    [
      "openai",
      "openai",
      "gpt-4o",
      "https://api.openai.com/v1/chat/completions",
      { authorization: "Bearer [OPENAI_API_KEY]" },
    ],
    [
      "openai",
      "openai-responses",
      "gpt-4o",
      "https://api.openai.com/v1/responses",
      { authorization: "Bearer [OPENAI_API_KEY]" },
    ],
    [
      "google",
      "google",
      "gemini-2.5-pro",
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
      { "x-goog-api-key": "[GEMINI_API_KEY]" },
    ],
    [
      "anthropic",
      "anthropic",
      "claude-sonnet-4-5",
      "https://api.anthropic.com/v1/messages",
      { authorization: "Bearer [ANTHROPIC_API_KEY]" },
    ],
  ])("shows the request of %s over %s, even without a key", async (provider, wire, name, url, headers) => {
    const toml = `[models.a]\nname = "${name}"\nprovider = "${provider}"\ncustom_llm_provider = "${wire}"\nseed = 7\n`;
    const { code, out } = await cli(["explain", "a", "--json", "--prompt", "How now?"], { toml });
    const { request, adjustments, key, usable } = JSON.parse(out);
    expect(request).toMatchObject({ method: "POST", url, headers });
    expect(JSON.stringify(request.body)).toContain("How now?");
    const seedIsSent = JSON.stringify(request.body).includes('"seed":7');
    expect(adjustments.map(({ setting }: { setting: string }) => setting)).toEqual(seedIsSent ? [] : ["seed"]);
    expect(key.source).toBe("missing");
    expect(usable).toBe(false);
    expect(code).toBe(0);
  });

  it.each([
    [
      "openai",
      "text-embedding-3-small",
      "https://api.openai.com/v1/embeddings",
      { input: ["How now?"], dimensions: 512 },
    ],
    [
      "google",
      "gemini-embedding-001",
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-embedding-001:batchEmbedContents",
      { requests: [{ content: { parts: [{ text: "How now?" }] }, outputDimensionality: 512 }] },
    ],
  ])("shows the embedding request of a %s entry", async (provider, name, url, body) => {
    const toml = `[models.a]\nname = "${name}"\nprovider = "${provider}"\ndimensions = 512\n`;
    const { out } = await cli(["explain", "a", "--json", "--prompt", "How now?"], { toml });
    const { request, adjustments, refusal, servedBy } = JSON.parse(out);
    expect(request).toMatchObject({ method: "POST", url, body });
    expect({ adjustments, refusal, servedBy }).toEqual({ adjustments: [], refusal: null, servedBy: "a" });
    expect((await cli(["explain", "a"], { toml })).out).toMatch(/^ {2}can +embeddings$/m);
  });

  it("shows the fallback's request when the prompt does not fit the entry", async () => {
    const toml = `${TOML}fallback_models = ["fast"]\nmax_input_tokens = 1\n`;
    const argv = ["explain", "far", "--prompt", "Many more words than one"];
    const { out } = await cli(argv, { toml, env: { FAR_KEY: "k-1" } });
    expect(out).toContain('request for "Many more words than one", which its fallback fast serves');
    expect(out).toContain('"model": "made-up-1"');
  });

  it("shows the request of a stream", async () => {
    const { out } = await cli(["explain", "far", "--stream", "--json"], {
      toml: TOML,
      env: { FAR_KEY: "k-very-secret" },
    });
    expect(JSON.parse(out).request.body).toMatchObject({ stream: true });
  });

  it("sends nothing", async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const { out } = await cli(["explain", "far", "--json"], {
      toml: TOML.replace("127.0.0.1:9", `127.0.0.1:${port}`),
      env: { FAR_KEY: "k-1" },
    });
    expect(JSON.parse(out).request.url).toBe(`http://127.0.0.1:${port}/v1/chat/completions`);
    expect(requests).toBe(0);
    server.close();
  });

  it.each([[[]], [["--json"]]])("shows no credential in %j", async (flags) => {
    const toml = `${TOML}extra_headers = { "X-Team" = "env:TEAM", "X-Secret-Name" = "literal-secret" }\nextra_body = { account = "env:ACCOUNT", token = "env:TENANT:-tenant-secret", pwd = "pwd-\\"secret", token_pin = 48151623, hook = "https://clerk:pw1@host.test?key=hook-secret" }\nproxy = "http://user:proxy-secret@127.0.0.1:1"\n`;
    const env = { FAR_KEY: "k-very-secret", TEAM: "team-secret", ACCOUNT: "account-secret" };
    const { out, err } = await cli(["explain", "far", ...flags], { toml, env });
    expect(`${out}${err}`).not.toMatch(
      /k-very-secret|team-secret|account-secret|literal-secret|proxy-secret|tenant-secret|pwd-|48151623|pw1|hook-secret/,
    );
    expect(out).toContain("[TEAM]");
    expect(out).toContain("[ACCOUNT]");
    expect(out).toContain("Bearer [FAR_KEY]");
  });

  it("names the profile of a value", async () => {
    const toml = `${TOML}\n[profiles.ci.models.fast]\ntimeout = "5s"\n`;
    const { out } = await cli(["explain", "--profile", "ci"], { toml });
    expect(out).toMatch(/timeout +5 s +models\.toml:\d+:11 +\[profiles\.ci\.models\.fast\]/);
  });

  it("shows groups, resolved aliases, and variables as the source of values", async () => {
    const toml = `${TOML}\n[aliases]\nquick = "fast"\n\n[groups.both]\nstrategy = "weighted"\nmembers = [{ model = "quick", weight = 3 }, "far"]\n`;
    await expect((await cli(["explain", "both"], { toml })).golden).toMatchFileSnapshot("golden/explain-group.txt");
    expect(JSON.parse((await cli(["explain", "both", "--json"], { toml })).out)).toMatchObject({
      strategy: "weighted",
    });
    const env = { MODELWRIGHT_MODELS__FAST__SEED: "7" };
    const { out } = await cli(["explain", "quick"], { toml, env });
    expect(out).toMatch(/^fast →/);
    expect(out).toMatch(/seed +7 +environment +MODELWRIGHT_MODELS__FAST__SEED/);
  });

  it("names the budgets, rate limits and cache that apply", async () => {
    const rules = `
[budgets.team]
usd = 25
[budgets.far-only]
usd = 5
match = { models = ["far"] }
[rate_limits.all]
rpm = 60
[cache]
`;
    const toml = `${TOML}rate_limit = { rpm = 5 }\n${rules}`;
    const { out } = await cli(["explain", "fast"], { toml });
    expect(out).toMatch(/limits and cache\n {2}budgets: team\n {2}rate limits: all\n {2}equal calls are answered/);
    const { out: far } = await cli(["explain", "far", "--json"], { toml });
    expect(JSON.parse(far)).toMatchObject({
      ...{ budgets: ["team", "far-only"], rateLimits: ["all", "models.far"], cached: true },
    });
  });
});
