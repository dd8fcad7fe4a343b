import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf } from "../harness/simulated.ts";
import { chatBody, serve } from "../harness/small-server.ts";
import { Stopwatch } from "../harness/stopwatch.ts";

describe("factory.health()", () => {
  test("checks each entry and reports one that does not answer in time, without throwing", async () => {
    const dead = await serve(() => undefined);
    const alive = await serve(() => chatBody("ok"));
    const toml = [
      entry("openai", alive.url, "num_retries = 3"),
      entry("openai", dead.url, 'fallback_models = ["main"]', { table: "dead" }),
      '[models.keyless]\nname = "gpt-4o"\nprovider = "openai"\n',
    ].join("");
    const factory = factoryOf(toml, { env: {} });
    using watch = new Stopwatch();
    const health = await factory.health({ timeoutMs: 1_500 });
    expect(watch.elapsedMs).toBeLessThan(5_000);
    expect(health["main"]).toMatchObject({ healthy: true });
    expect(health["dead"]).toMatchObject({ healthy: false, error: { code: "timed_out", phase: "deadline" } });
    expect(health["keyless"]?.error).toBeInstanceOf(ConfigError);
    expect([alive.arrivals.length, dead.arrivals.length]).toEqual([1, 1]);
    expect(Object.keys(await factory.health({ names: ["main"] }))).toEqual(["main"]);
    await expect(factory.health({ names: ["mian"] })).rejects.toThrow(/mian/);
  });

  test("asks an embedding model for a vector", async () => {
    const server = await serve(() => ({ data: [{ index: 0, embedding: [1] }] }));
    const toml = entry("openai", server.url, "", { name: "text-embedding-3-small" });
    expect((await factoryOf(toml).health())["main"]).toMatchObject({ healthy: true });
    expect(server.arrivals.map(({ path }) => path)).toEqual(["/v1/embeddings"]);
  });

  test("is healthy when the token limit of the check cut the answer", async () => {
    const server = await serve(() => chatBody("", undefined, "length"));
    expect((await factoryOf(entry("openai", server.url)).health())["main"]?.healthy).toBe(true);
  });
});
