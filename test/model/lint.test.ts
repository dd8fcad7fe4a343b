import { describe, expect, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { factoryOf } from "./world.ts";

const told = (toml: string) =>
  factoryOf(toml)
    .lint()
    .map(({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`);

const O3 = '[models.thinker]\nname = "o3"\nprovider = "openai"\n';

describe("lint says without a request", () => {
  test("what will be left out or changed, at the place it was written", () => {
    expect(told(`${O3}temperature = 0.2\nreasoning_effort = "xhigh"\nmax_new_tokens = 500_000\n`)).toEqual([
      'warning 4:15 "temperature" is left out: o3 does not take it',
      'warning 5:20 "reasoning_effort" = "xhigh" becomes "high": o3 takes low, medium, high',
      'warning 6:18 "max_new_tokens" = 500000 becomes 100000: o3 answers with at most 100000 tokens',
    ]);
  });

  test.each([
    ["strict = true", "strict is on"],
    ["drop_params = false", "drop_params is off"],
  ])("what can never be sent with %s", (line, why) => {
    expect(told(`${O3}temperature = 0.2\n${line}\n`)).toEqual([
      `error 4:15 "temperature" cannot be sent, and ${why}: o3 does not take it`,
    ]);
  });

  test("whom it concerns where it is inherited", () => {
    expect(told(`[defaults]\ntemperature = 0.2\n${O3}`)).toEqual([
      'warning 2:15 in "thinker": "temperature" is left out: o3 does not take it',
    ]);
  });

  test("that stop words are cut on this side, and that the answer leaves no room for a prompt", () => {
    const own =
      '[models.own]\nname = "own"\nprovider = "x"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n';
    expect(told(`${O3}stop = ["END"]\n`)[0]).toContain('"stop" is left out: o3 has no stop; the answer is cut here');
    expect(told(`${own}max_new_tokens = 8192\ncapabilities = { context = 4096 }\n`)).toEqual([
      'error 6:18 "max_new_tokens" (8192) leaves no room for a prompt: the window of own has 4096 tokens',
    ]);
  });

  test("that a fallback lacks what the entry is configured to use, and no more than that", () => {
    const old = '[models.old]\nname = "o1-mini"\nprovider = "openai"\n';
    const tools = 'tools = [{ name = "read" }]\nfallback_models = ["old"]\n';
    expect(told(`${O3}${tools}${old}`)).toEqual([
      'warning 5:19 the fallback "old" has no tools, which "thinker" is configured to use',
    ]);
    expect(told(`${O3}fallback_models = ["old"]\n${old}`)).toEqual([]);
  });

  test("that a price is needed and unknown", () => {
    const own =
      '[models.own]\nname = "own"\nprovider = "x"\ncustom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n';
    expect(told(`${own}strict_pricing = true\n`)[0]).toContain("error 2:8 own (x own): its price is unknown");
  });

  test("nothing of what the file asks for itself, and nothing of entries whose address is not known yet", () => {
    expect(told(`${O3}temperature = 0.2\ndrop = ["temperature"]\nreasoning_effort = 0.5\n`)).toEqual([]);
    expect(told(`${O3}temperature = 0.2\nbase_url = "env:NOWHERE"\n`)).toEqual([]);
  });

  test("nothing of a correct file", async () => {
    const factory = await ModelFactory.load("models.toml", { env: {} });
    expect(factory.lint()).toEqual([]);
    await factory.close();
  });
});
