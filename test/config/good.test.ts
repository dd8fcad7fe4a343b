import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import fc from "fast-check";
import { parse as parseToml, stringify } from "smol-toml";
import { describe, expect, test } from "vitest";
import { optionTypes } from "../../scripts/option-types.ts";
import { PROVIDERS } from "../../src/catalog/providers.ts";
import type { EntryConfig } from "../../src/config/entry-config.ts";
import { metaOf, type Option } from "../../src/config/option.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { entryShape } from "../../src/config/schema.ts";
import { ModelFactory } from "../../src/index.ts";
import { editorSchema } from "../../src/target/editor-schema.ts";
import { parse } from "../harness/parse-config.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const plain = (text: string): unknown => JSON.parse(JSON.stringify(parseToml(text)));
const names = readdirSync(new URL("good/", import.meta.url));
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
ajv.addVocabulary(["x-taplo", "x-tombi-additional-key-label"]);
const validate = ajv.compile(editorSchema());

describe("configurations migrated from other tools", () => {
  test.each(names)("%s is accepted by the library and the JSON Schema", (name) => {
    const text = read(`good/${name}`);
    expect(() => parse(text, { baseDir: import.meta.dirname })).not.toThrow();
    expect(validate(plain(text)), JSON.stringify(validate.errors)).toBe(true);
  });

  test("keep their meaning", () => {
    const basic = parse(read("good/basic.toml"));
    expect(basic.defaultModel).toBe("gpt-4");
    expect(basic.logging).toEqual({
      level: "info",
      format: "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
      logContent: false,
    });

    const env = { OPENAI_API_KEY: "sk-1", ANTHROPIC_API_KEY: "sk-2" };
    expect(parse(read("good/standard.toml"), { env }).resolveEntry("gpt-4")).toEqual({
      ...{ entry: "gpt-4", name: "gpt-4", provider: "openai", apiKey: ["sk-1"] },
      ...{ temperature: 0, maxNewTokens: 1_024, maxInputTokens: 8_192 },
    });
    expect(parse(read("good/reasoning.toml"), { env }).resolveEntry("o3-mini").reasoningEffort).toBe(0.5);

    const tools = parse(read("good/tools.toml"), { env }).resolveEntry("claude-3");
    expect(tools).toMatchObject({ promptCache: true, apiKey: ["sk-2"] });
    expect(tools.tools).toHaveLength(1);
    expect(tools.tools?.[0]).toMatchObject({
      name: "str_replace_editor",
      parameters: { required: ["path", "old_str"] },
    });

    expect(parse(read("good/resolver.toml"), { env }).resolveEntry("agent")).toEqual({
      ...{ entry: "agent", name: "gpt-4", provider: "openai", apiKey: ["sk-1"], organizationId: "org-1" },
      ...{
        baseUrl: "https://api.openai.com/v1",
        timeout: 600_000,
        numRetries: 2,
        temperature: 0.7,
        maxNewTokens: 1_000,
      },
      ...{ topP: 1, frequencyPenalty: 0, presencePenalty: 0, extraHeaders: { "X-Guild": "llm" } },
      fallbackModels: ["gpt-3.5-turbo", "claude-instant-1"],
    });
  });

  test("use every key, with the examples of unused keys added to the largest file", () => {
    const text = read("good/everything.toml");
    const written = text + read("good/resolver.toml") + read("good/standard.toml");
    const unused = Object.entries<Option>(OPTIONS).filter(([key]) => !new RegExp(`^${key} =`, "m").test(written));
    const entries = unused.map(([key, option]) => {
      const { default: byDefault, examples = [byDefault] } = metaOf(option);
      const entry = { extends: "coder", [option.needs?.key ?? key]: option.needs?.value, [key]: examples[0] };
      return `[models.with-${key}]\n${stringify(entry)}`;
    });
    const all = [text, ...entries].join("\n");
    expect(() => parse(all, { baseDir: import.meta.dirname })).not.toThrow();
    expect(validate(plain(all)), JSON.stringify(validate.errors)).toBe(true);
  });
});

type Snake<Name extends string> = Name extends `${infer Letter}${infer Rest}`
  ? `${Letter extends Lowercase<Letter> ? Letter : `_${Lowercase<Letter>}`}${Snake<Rest>}`
  : Name;
type WrittenKey =
  | Snake<Exclude<keyof EntryConfig, "entry" | "simulatedProvider">>
  | "extends"
  | "max_tokens"
  | "max_retries";

test("the keys of the schema are exactly the fields of an entry", () => {
  const fields: Record<WrittenKey, unknown> = entryShape;
  const keys: Record<keyof typeof entryShape, unknown> = fields;
  expect(Object.keys(keys).length).toBeGreaterThan(70);
});

interface Node {
  readonly $ref?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Node>>;
}

describe("the JSON Schema", () => {
  const schema = editorSchema() as unknown as Node & { readonly definitions: Readonly<Record<string, Node>> };

  test("in schemas/ is up to date; otherwise run `node scripts/generate-schema.ts`", () => {
    expect(JSON.parse(read("../../schemas/models.schema.json"))).toEqual(schema);
  });

  test("has up-to-date types of the options; otherwise run the same script", () => {
    expect(read("../../src/core/options.generated.ts")).toBe(optionTypes());
  });

  test("documents durations of entries in milliseconds", () => {
    const [entry = ""] = /export interface EntryOptions extends[\s\S]*?\n}/.exec(optionTypes()) ?? [];
    expect(entry).toContain("Longest time to open a connection. In milliseconds.");
    expect(entry.replace(/\n\s*\*\s*/g, " ")).not.toMatch(/In seconds, or as|In bytes, or as/);
  });

  test("describes every key in a sentence, with valid defaults and examples", () => {
    const properties = [schema, ...Object.values(schema.definitions)].flatMap((table) =>
      Object.entries(table.properties ?? {}),
    );
    expect(properties.length).toBeGreaterThan(200);
    for (const [key, written] of properties) {
      const node = schema.definitions[written.$ref?.split("/").at(-1) ?? ""] ?? written;
      if ("allOf" in node) continue;
      expect(node.description, key).toMatch(/\.$/);
      const check = new Ajv({ strict: false, validateSchema: false }).compile({
        ...node,
        definitions: schema.definitions,
      });
      for (const example of node.examples ?? [])
        expect(check(example), `${key} = ${JSON.stringify(example)}`).toBe(true);
      if (node.default !== undefined) expect(check(node.default), `${key} default`).toBe(true);
    }
  });

  test("rejects what the library rejects", () => {
    for (const name of [
      "out-of-range",
      "wrong-types",
      "wrong-words",
      "misspelt-keys",
      "later-keys",
      "tools",
      "nested-tables",
      "headers",
      "alias-twice",
      "references",
    ]) {
      expect(validate(plain(read(`bad/${name}.toml`))), name).toBe(false);
    }
  });

  test("rejects more stop sequences than the provider accepts, as the library does", () => {
    const limited = PROVIDERS.filter(({ quirks }) => quirks.maxStops !== undefined);
    expect(limited.length).toBeGreaterThan(5);
    for (const { id, quirks } of limited) {
      for (const extra of [0, 1]) {
        const stop = Array.from({ length: (quirks.maxStops ?? 0) + extra }, (_, at) => `stop-${at}`);
        const entry = { name: "made-up", provider: id, base_url: "http://127.0.0.1:9", api_key: "k", stop };
        const read = () => ModelFactory.parse(stringify({ models: { coder: entry } }), { env: {} });
        if (extra === 0) expect(read, id).not.toThrow();
        else expect(read, id).toThrow("stop");
        expect(validate({ models: { coder: entry } }), id).toBe(extra === 0);
      }
    }
    const own = { name: "x", provider: "mine", stop: Array(99).fill("a") };
    expect(validate({ models: { own, text: { provider: "zhipuai", stop: "a" } } })).toBe(true);
  });

  test("distinguishes variable references from similar strings, as the library does", () => {
    const piece = fc.constantFrom("env", ":", "-", "A", "a", "_", "9", "KEYS", " ", "x");
    const key = fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(key, fc.boolean(), (text, listed) => {
        const coder = { name: "x", provider: "openai", api_key: listed ? [text] : text };
        const isRight = validate({ models: { coder } });
        const load = () => parse(stringify({ models: { coder } }));
        if (isRight) expect(load).not.toThrow();
        else expect(load).toThrow("api_key");
      }),
      { numRuns: 500 },
    );
  });

  test("contains no key of a later version", () => {
    const text = JSON.stringify(schema);
    for (const key of ["trusted_proxies", "admin_key"]) expect(text).not.toContain(`"${key}"`);
    expect(Object.keys(schema.definitions.Model?.properties ?? {})).not.toContain("budget");
  });
});
