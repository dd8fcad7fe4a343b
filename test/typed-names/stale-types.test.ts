import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FactoryOptions, type Logger, ModelFactory } from "modelwright";
import { describe, expect, it, onTestFinished } from "vitest";
import { typesOf } from "./project.ts";

const TOML = `
[models.coder]
name = "made-up-1"
provider = "simulator"
custom_llm_provider = "openai"
capabilities = { tools = true }

[models.fast]
name = "made-up-2"
provider = "simulator"
custom_llm_provider = "openai"
`;

interface Warning {
  readonly message: string;
  readonly fields: unknown;
}

interface Loading extends FactoryOptions {
  /** Text of the modelwright.d.ts beside the file. */
  readonly types?: string;
  readonly times?: number;
}

/** What loading a file warns of. */
async function warningsOf(toml: string, { types, times = 1, ...options }: Loading): Promise<readonly Warning[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "modelwright-stale-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "models.toml");
  writeFileSync(file, toml);
  if (types !== undefined) writeFileSync(join(folder, "modelwright.d.ts"), types);
  const warnings: Warning[] = [];
  const logger: Logger = {
    ...{ debug: () => {}, info: () => {}, error: () => {} },
    warn: (message, fields) => void warnings.push({ message, fields }),
  };
  for (let time = 0; time < times; time++)
    await (await ModelFactory.load(file, { env: {}, logger, ...options })).close();
  return warnings;
}

const CHANGED = TOML.replace("[models.fast]", "[models.faster]").replace("tools = true", "tools = false");

describe("types next to the file", () => {
  it("that are up to date cause no warning", async () => {
    expect(await warningsOf(TOML, { types: typesOf(TOML) })).toEqual([]);
  });

  it("that are stale cause a warning with names and advice", async () => {
    expect(await warningsOf(CHANGED, { types: typesOf(TOML) })).toEqual([
      {
        message: "modelwright.d.ts is stale",
        fields: { added: "faster", removed: "fast", changed: "coder", help: "npx modelwright types" },
      },
    ]);
  });

  it("cause one warning for several loads", async () => {
    expect(await warningsOf(CHANGED, { types: typesOf(TOML), times: 3 })).toHaveLength(1);
  });

  it("are the same whatever profile is in use", async () => {
    const profiled = `${TOML}\n[profiles.ci.models.coder]\ncapabilities = { tools = false }\n`;
    expect(await warningsOf(profiled, { types: typesOf(profiled), profile: "ci" })).toEqual([]);
  });

  it("are not checked in production", async () => {
    expect(await warningsOf(CHANGED, { types: typesOf(TOML), env: { NODE_ENV: "production" } })).toEqual([]);
  });

  it("that are missing cause no warning", async () => {
    expect(await warningsOf(TOML, {})).toEqual([]);
  });

  it("from another author cause no warning", async () => {
    expect(await warningsOf(TOML, { types: "declare module 'modelwright' {}\n" })).toEqual([]);
  });

  it("do not prevent loading a file with incomplete profiles", async () => {
    const unfinished = `[models.coder]\nname = "made-up-1"\n[profiles.ci.models.coder]\nprovider = "simulator"\n`;
    expect(await warningsOf(unfinished, { types: typesOf(TOML), profile: "ci" })).toHaveLength(1);
  });

  it("with many differences cause a short warning", async () => {
    const names = Array.from({ length: 50 }, (_, index) => `extra-${index}`);
    const many = names.map((name) => `[models.${name}]\nname = "made-up-1"\nprovider = "simulator"\n`).join("");
    const [{ fields } = { fields: {} }] = await warningsOf(`${TOML}${many}`, { types: typesOf(TOML) });
    expect((fields as { added: string }).added).toBe(`${names.slice(0, 10).join(", ")}, …`);
  });
});
