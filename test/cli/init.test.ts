import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROVIDERS } from "../../src/cli/catalog.ts";
import { STARTERS } from "../../src/cli/commands/init.ts";
import { ModelFactory } from "../../src/index.ts";
import { cli, playing } from "./terminal.ts";

const written = (folder: string) => readFileSync(join(folder, "models.toml"), "utf8");

describe("init", () => {
  it("writes an entry for each key that is found, and one that needs none", async () => {
    const { golden, folder } = await cli(["init"], {
      env: { ANTHROPIC_API_KEY: "k-very-secret", GEMINI_API_KEY: "k-2" },
    });
    await expect(`${golden}${written(folder)}`).toMatchFileSnapshot("golden/init.txt");
    expect(written(folder)).not.toContain("k-very-secret");
  });

  it("finds keys in .env", async () => {
    const { out, folder } = await cli(["init", "--json"], { files: { ".env": "OPENAI_API_KEY=k-1\n" } });
    expect(JSON.parse(out)).toEqual({ file: join(folder, "models.toml"), defaultModel: "gpt", providers: ["openai"] });
  });

  it("without any key writes a file whose default answers at once", async () => {
    const { folder } = await cli(["init", "--yes"]);
    await using factory = await ModelFactory.load(join(folder, "models.toml"), { env: {} });
    expect((await factory.create().codegen("Hello")).text).toContain("[simulated");
  });

  it("on a terminal asks which of the found providers to use, and for the default", async () => {
    const { code, folder } = await cli(["init"], {
      terminal: true,
      env: { ANTHROPIC_API_KEY: "k-1", OPENAI_API_KEY: "k-2", NO_COLOR: "1" },
      onOutput: playing([
        ["Keys of these providers were found", " \r"],
        ["Which one is used", "\r"],
      ]),
    });
    expect(code).toBe(0);
    expect(written(folder)).toContain('default_model = "gpt"');
    expect(written(folder)).not.toContain("anthropic");
  });

  it("on a terminal Ctrl-C leaves without writing anything", async () => {
    const { code, folder } = await cli(["init"], {
      terminal: true,
      env: { OPENAI_API_KEY: "k-2" },
      onOutput: playing([["Keys of these providers were found", "\u0003"]]),
    });
    expect(code).toBe(1);
    expect(existsSync(join(folder, "models.toml"))).toBe(false);
  });

  it("does not overwrite a file without --force", async () => {
    const refused = await cli(["init"], { toml: "# mine\n" });
    expect(refused.err).toBe(
      "error: models.toml is already there\n  do     Give --force to overwrite it, or another file name.\n",
    );
    expect(refused.code).toBe(2);
    expect(written(refused.folder)).toBe("# mine\n");
    const forced = await cli(["init", "--force"], { toml: "# mine\n" });
    expect(forced.code).toBe(0);
    expect(written(forced.folder)).toContain("[models.simulated]");
  });

  it("suggests only models that the catalog knows and that stay in service", async () => {
    const env = Object.fromEntries(
      STARTERS.map(({ provider }) => [PROVIDERS.find(({ id }) => id === provider)?.keyEnv[0] ?? "", "k-1"]),
    );
    const { folder } = await cli(["init"], { env });
    await using factory = await ModelFactory.load(join(folder, "models.toml"), { env });
    expect(factory.names()).toEqual([...STARTERS.map(({ entry }) => entry), "simulated"]);
    for (const { model } of STARTERS) expect(factory.info(model), model).toMatchObject({ retiresOn: undefined });
  });
});
