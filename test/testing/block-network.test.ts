import { ModelFactory } from "modelwright";
import { blockNetwork, startSimulator } from "modelwright/testing";
import { describe, expect, it, onTestFinished } from "vitest";

function factoryOf(toml: string) {
  const network = blockNetwork();
  const factory = ModelFactory.parse(toml, { transport: network, env: {} });
  onTestFinished(async () => {
    await factory.close();
    await network.close();
  });
  return { network, factory };
}

const CLOUD = `
[models.claude]
name = "claude-sonnet-4-5"
provider = "anthropic"
api_key = "sk-ant-very-secret-key"
fallback_models = ["gpt"]

[models.gpt]
name = "gpt-4o-mini"
provider = "openai"
api_key = "sk-very-secret-key"

[models.gemini]
name = "gemini-2.5-flash"
provider = "google"
api_key = "AIza-very-secret-key"
`;

describe("blockNetwork", () => {
  it.each([
    ["claude", "api.anthropic.com"],
    ["gpt", "api.openai.com"],
    ["gemini", "generativelanguage.googleapis.com"],
  ])("rejects the provider of %s at once and names the URL", async (name, host) => {
    const { network, factory } = factoryOf(CLOUD);
    const outcome = await factory.get(name).safeCodegen("Hello");
    const error = outcome.ok ? undefined : outcome.error;
    expect(error?.code).toBe("invalid_request");
    expect(error?.message).toContain(`https://${host}/`);
    expect(network.refused.map(({ method, url }) => [method, new URL(url).host])).toEqual([["POST", host]]);
  });

  it("rejects streams", async () => {
    const { network, factory } = factoryOf(CLOUD);
    await expect(factory.get("gpt").stream("Hello").reply).rejects.toMatchObject({ code: "invalid_request" });
    expect(network.refused).toHaveLength(1);
  });

  it("keeps no credential of rejected requests in the record or the error", async () => {
    const { network, factory } = factoryOf(CLOUD);
    const errors = [];
    for (const name of ["claude", "gpt", "gemini"]) errors.push(await factory.get(name).safeCodegen("Hello"));
    expect(JSON.stringify([network.refused, errors])).not.toContain("very-secret");
    expect(network.refused.map(({ body }) => JSON.stringify(body).includes("Hello"))).toEqual([true, true, true]);
  });

  it("allows local servers, by IP address and name", async () => {
    const simulator = await startSimulator();
    onTestFinished(() => simulator.close());
    const { port } = new URL(simulator.url);
    const entry = (name: string, host: string) => `[models.${name}]
name = "m"
provider = "mine"
custom_llm_provider = "openai"
api_key = "k"
base_url = "http://${host}:${port}/v1"
`;
    const { network, factory } = factoryOf(entry("number", "127.0.0.1") + entry("word", "localhost"));
    for (const name of ["number", "word"])
      expect((await factory.get(name).codegen("Hello")).text).toContain("simulated");
    expect(network.refused).toEqual([]);
    expect(simulator.requests).toHaveLength(2);
  });

  it("rejects names that only look local, and remote proxies", async () => {
    const { network, factory } = factoryOf(`
[models.lookalike]
name = "m"
provider = "mine"
custom_llm_provider = "openai"
api_key = "k"
base_url = "http://127.0.0.1.example.com/v1"

[models.proxied]
name = "m"
provider = "mine"
custom_llm_provider = "openai"
api_key = "k"
base_url = "http://127.0.0.1:9/v1"
proxy = "http://proxy.example.com:8080"
`);
    for (const name of ["lookalike", "proxied"]) {
      const outcome = await factory.get(name).safeCodegen("Hello");
      expect(outcome.ok ? "" : outcome.error.message).toContain("example.com is not this machine");
    }
    expect(network.refused).toHaveLength(2);
  });

  it('allows provider = "simulator"', async () => {
    const { network, factory } = factoryOf('[models.m]\nname = "gpt-4o-mini"\nprovider = "simulator"');
    expect((await factory.create().codegen("Hello")).text).toContain("simulated");
    expect(network.refused).toEqual([]);
  });
});
