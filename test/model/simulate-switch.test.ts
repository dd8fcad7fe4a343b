import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type FactoryOptions, ModelFactory } from "../../src/index.ts";
import { scripted } from "../../src/testing/index.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf } from "../harness/simulated.ts";
import { serve } from "../harness/small-server.ts";
import { WIRES } from "../harness/wires.ts";

/** Entries that would go live in every way there is: address, key, proxy, headers, a wire and tokens of the program's own. */
const LIVE = (url: string) => `
default_model = "openai"
[defaults]
num_retries = 0
organization_id = "env:NOT_SET"
proxy = "env:NOT_SET"
${WIRES.map(
  (wire) => `[models.${wire}]
name = "some-model"
provider = "${wire.startsWith("openai") ? "openai" : wire}"
custom_llm_provider = "${wire}"
base_url = "${url}${wire.startsWith("openai") ? "/v1" : ""}"
api_key = "env:NOT_SET"
extra_headers = { x-team = "env:NOT_SET" }`,
).join("\n")}
[models.own]
name = "some-model"
provider = "mine"
fallback_models = ["openai"]
[models.own-wire]
name = "some-model"
provider = "hooked"
custom_llm_provider = "mine"
base_url = "${url}"
`;

async function world(options: FactoryOptions) {
  const live = await serve(() => ({ live: true }));
  let asked = 0;
  const tokens = { hooked: async () => `token-${++asked}` };
  const transport = async () => {
    asked += 1;
    return new Response("{}");
  };
  const mine = scripted([[{ delta: "live" }, { finish: "stop" }]]);
  const factory = factoryOf(LIVE(live.url), { providers: { mine, openai: mine }, tokens, transport, ...options });
  return { factory, live, asked: () => asked };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the switch that simulates every call", () => {
  test.each([
    ["the option", { simulate: true }],
    ["a variable", { env: { MODELWRIGHT_SIMULATE: "1" } }],
    ["a variable that an option does not undo", { env: { MODELWRIGHT_SIMULATE: "true" }, simulate: false }],
  ])("applies to every entry with %s, without a key, hook or transport", async (_, options) => {
    const { factory, live, asked } = await world(options);
    for (const name of factory.names()) {
      expect(factory.describe(name)).toMatchObject({ provider: "simulator", baseUrl: "simulator" });
      const model = factory.get(name);
      expect(await model.codegen("Hello.")).toMatchObject({ provider: "simulator", finishReason: "stop" });
      expect((await model.stream("Hello.").reply).provider).toBe("simulator");
      expect(await model.countTokens("Hello.", { exact: true })).toBeGreaterThan(0);
    }
    expect(live.arrivals).toHaveLength(0);
    expect(asked()).toBe(0);
  });

  test("is read from the process environment even with options.env", async () => {
    vi.stubEnv("MODELWRIGHT_SIMULATE", "1");
    const { factory, live } = await world({ env: {} });
    expect((await factory.create().codegen("Hello.")).provider).toBe("simulator");
    expect(live.arrivals).toHaveLength(0);
  });

  test.each(["0", "false", "", "off"])("is off with %j", (value) => {
    const toml = '[models.a]\nname = "gemini-2.5-pro"\nprovider = "google"\n';
    expect(factoryOf(toml, { env: { MODELWRIGHT_SIMULATE: value } }).describe("a").provider).toBe("google");
  });

  test("applies to discovery, health and reloaded entries", async () => {
    const { factory, live } = await world({ simulate: true });
    expect((await factory.discover("anthropic")).models.length).toBeGreaterThan(0);
    await factory.reload(`${LIVE(live.url)}[models.new]\nname = "x"\nprovider = "groq"\n`);
    expect((await factory.get("new").codegen("Hello.")).provider).toBe("simulator");
    const health = await factory.health();
    expect(Object.values(health).every(({ healthy }) => healthy)).toBe(true);
    expect(live.arrivals).toHaveLength(0);
  });

  test.each(["MODELWRIGHT_SIMULATED", "MODELWRIGHT_SIMULTE", "MODELWRITE_SIMULATE"])(
    "rejects every file while it is misspelled as %s",
    async (variable) => {
      const live = await serve(() => ({ live: true }));
      const folder = await mkdtemp(join(tmpdir(), "modelwright-"));
      onTestFinished(() => rm(folder, { recursive: true }));
      const file = join(folder, "models.toml");
      await writeFile(file, entry("openai", live.url));
      const problems = [{ message: `${variable}: unknown variable`, suggestion: "MODELWRIGHT_SIMULATE" }];
      await expect(ModelFactory.load(file, { env: { [variable]: "1" } })).rejects.toMatchObject({ problems });
      vi.stubEnv(variable, "1");
      await expect(ModelFactory.load(file, { env: {} })).rejects.toMatchObject({ problems });
      expect(live.arrivals).toHaveLength(0);
    },
  );
});
