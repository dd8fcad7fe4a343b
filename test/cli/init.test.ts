import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { parse as parseToml } from "smol-toml";
import { describe, expect, it, onTestFinished } from "vitest";
import { PROVIDERS } from "../../src/cli/catalog.ts";
import { modelsFor, STARTERS } from "../../src/cli/starters.ts";
import { ModelFactory } from "../../src/index.ts";
import { editorSchema } from "../../src/target/editor-schema.ts";
import { cli, playing } from "../harness/terminal.ts";

const written = (folder: string) => readFileSync(join(folder, "models.toml"), "utf8");

const validate = new Ajv({ strict: false }).compile(editorSchema());

const [ENTER, DOWN, LEFT, RIGHT] = ["\r", "\u001b[B", "\u001b[D", "\u001b[C"];

/** A conversation on a terminal: what is waited for, and what is typed then. */
function dialogue(env: Readonly<Record<string, string>>, steps: readonly (readonly [string, string])[], toml?: string) {
  return cli(["init"], {
    ...{ terminal: true, env: { ...env, NO_COLOR: "1" }, onOutput: playing(steps) },
    ...(toml !== undefined && { toml }),
  });
}

describe("init", () => {
  it("writes an entry for each key, and a profile that needs none", async () => {
    const { golden, folder } = await cli(["init"], {
      env: { ANTHROPIC_API_KEY: "k-very-secret", GEMINI_API_KEY: "k-2" },
    });
    await expect(`${golden}${written(folder)}`).toMatchFileSnapshot("golden/init.txt");
    expect(written(folder)).not.toContain("k-very-secret");
  });

  it("finds keys in .env", async () => {
    const { out, folder } = await cli(["init", "--json"], { files: { ".env": "OPENAI_API_KEY=k-1\n" } });
    expect(JSON.parse(out)).toEqual({
      ...{ file: join(folder, "models.toml"), schema: join(folder, "models.schema.json") },
      ...{ defaultModel: "gpt", providers: ["openai"], missingKeys: [] },
      models: [{ entry: "gpt", provider: "openai", name: "gpt-6.1-terra" }],
    });
  });

  it("writes a file with a working default without any key", async () => {
    const { folder } = await cli(["init", "--yes"]);
    await using factory = await ModelFactory.load(join(folder, "models.toml"), { env: {} });
    expect((await factory.create().codegen("Hello")).text).toContain("[simulated");
  });

  it("asks on a terminal which providers to use, and which one is the default", async () => {
    const { code, out, folder } = await dialogue(
      { ANTHROPIC_API_KEY: "k-1", OPENAI_API_KEY: "k-2", MISTRAL_API_KEY: "k-3" },
      [
        ["Which providers do you use?", ` ${ENTER}`],
        ["Use gpt-6.1-terra and mistral-large-latest?", ENTER],
        ["Which model is the default?", `${DOWN}${ENTER}`],
      ],
    );
    expect(code).toBe(0);
    expect(out).toContain("keys found: OPENAI_API_KEY, MISTRAL_API_KEY");
    expect(written(folder)).toContain('default_model = "mistral"');
    expect(written(folder)).not.toContain("anthropic");
  });

  it("allows any model of each provider, even one that is not in the catalog", async () => {
    const { folder } = await dialogue({ ANTHROPIC_API_KEY: "k-1", GROQ_API_KEY: "k-2" }, [
      ["Which providers do you use?", ENTER],
      ["Use claude-sonnet-5-5 and llama-3.3-70b-versatile?", `${RIGHT}${ENTER}`],
      ["Which model of Anthropic?", `${DOWN}${ENTER}`],
      ["Which model of Groq?", `${DOWN}${ENTER}`],
      ["Model id at Groq:", `brand-new-1${ENTER}`],
      ["Which model is the default?", ENTER],
    ]);
    await using factory = await ModelFactory.load(join(folder, "models.toml"), { env: { ANTHROPIC_API_KEY: "k-1" } });
    expect(factory.describe("claude").modelId).toBe(
      modelsFor({ provider: "anthropic", model: "claude-sonnet-5-5" })[1],
    );
    expect(factory.describe("groq").modelId).toBe("brand-new-1");
  });

  it("writes entries for missing keys, lists them, and works without them in the profile ci", async () => {
    const { out, folder } = await dialogue({}, [
      ["No API key was found", `${DOWN} ${ENTER}`],
      ["Which model of OpenAI?", ENTER],
    ]);
    expect(out).toContain("! OPENAI_API_KEY is not set");
    expect(out).not.toContain('ask "gpt"');
    await using factory = await ModelFactory.load(join(folder, "models.toml"), { env: {}, profile: "ci" });
    expect((await factory.create().codegen("Hello")).text).toContain("[simulated");
  });

  it("warns if a .env would be committed", async () => {
    const env = { files: { ".env": "OPENAI_API_KEY=k-1\n" } };
    expect((await cli(["init"], env)).out).not.toContain(".gitignore");
    const repository = mkdtempSync(join(tmpdir(), "modelwright-init-"));
    onTestFinished(() => rmSync(repository, { recursive: true, force: true }));
    mkdirSync(join(repository, ".git"));
    const inside = join(repository, "models.toml");
    expect((await cli(["init", inside], env)).out).toContain("! .env is not in .gitignore");
    writeFileSync(join(repository, ".gitignore"), "node_modules\n.env\n");
    expect((await cli(["init", inside, "--force"], env)).out).not.toContain(".gitignore");
  });

  it("refers to the schema of the installed package, or writes it next to the file", async () => {
    const alone = await cli(["init"]);
    expect(alone.out).toContain("wrote models.toml and models.schema.json for your editor");
    expect(written(alone.folder)).toMatch(/^#:schema \.\/models\.schema\.json\n/);
    const schema = JSON.parse(readFileSync(join(alone.folder, "models.schema.json"), "utf8"));
    expect(schema).toEqual(JSON.parse(JSON.stringify(editorSchema())));
    const repository = mkdtempSync(join(tmpdir(), "modelwright-init-"));
    onTestFinished(() => rmSync(repository, { recursive: true, force: true }));
    mkdirSync(join(repository, "node_modules/modelwright/schemas"), { recursive: true });
    mkdirSync(join(repository, "packages/app"), { recursive: true });
    writeFileSync(join(repository, "node_modules/modelwright/schemas/models.schema.json"), "{}");
    const { out } = await cli(["init", join(repository, "packages/app/models.toml")]);
    expect(out).not.toContain("modelwright schema");
    expect(written(join(repository, "packages/app"))).toMatch(
      /^#:schema \.\.\/\.\.\/node_modules\/modelwright\/schemas\/models\.schema\.json\n/,
    );
  });

  it("writes nothing after Ctrl-C on a terminal", async () => {
    const { code, out, folder } = await dialogue({ OPENAI_API_KEY: "k-2" }, [["Which providers", "\u0003"]]);
    expect(code).toBe(1);
    expect(out).toContain("Nothing was written.");
    expect(existsSync(join(folder, "models.toml"))).toBe(false);
  });

  it("does not overwrite a file without --force", async () => {
    const refused = await cli(["init"], { toml: "# mine\n" });
    expect(refused.err).toBe(
      "error: models.toml already exists\n  do     Use --force to overwrite it, or another file name.\n",
    );
    expect(refused.code).toBe(2);
    expect(written(refused.folder)).toBe("# mine\n");
    const forced = await cli(["init", "--force"], { toml: "# mine\n" });
    expect(forced.code).toBe(0);
    expect(written(forced.folder)).toContain("[models.simulated]");
  });

  it("asks on a terminal before it overwrites a file", async () => {
    const kept = await dialogue({}, [["Overwrite it?", ENTER]], "# mine\n");
    expect([kept.code, written(kept.folder)]).toEqual([1, "# mine\n"]);
    const replaced = await dialogue(
      {},
      [
        ["Overwrite it?", `${LEFT}${ENTER}`],
        ["No API key was found", ENTER],
      ],
      "# mine\n",
    );
    expect(replaced.code).toBe(0);
    expect(written(replaced.folder)).toContain("[models.simulated]");
  });

  it("suggests only current models of the catalog", async () => {
    const env = Object.fromEntries(
      STARTERS.map(({ provider }) => [PROVIDERS.find(({ id }) => id === provider)?.keyEnv[0] ?? "", "k-1"]),
    );
    const { folder } = await cli(["init"], { env });
    await using factory = await ModelFactory.load(join(folder, "models.toml"), { env });
    expect(factory.names()).toEqual(STARTERS.map(({ entry }) => entry));
    expect(factory.lint()).toEqual([]);
    expect(validate(parseToml(written(folder))), JSON.stringify(validate.errors)).toBe(true);
    for (const { provider, model } of STARTERS) {
      const info = factory.info(model);
      if (provider !== "ollama") expect(info, model).toMatchObject({ retiresOn: undefined });
    }
  });
});
