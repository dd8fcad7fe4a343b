import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameTypes, typeDifferences } from "../../src/target/registered-types.ts";
import { typesOf } from "./project.ts";

/** The declarations of a text, without what stands around them. */
function body(text: string): string {
  return text.slice(text.indexOf("Registered {\n") + "Registered {\n".length, text.lastIndexOf("  }\n}"));
}

const entry = (name: string, more = "") =>
  `[models.${JSON.stringify(name)}]\nname = "made-up"\nprovider = "openai"\n${more}\n`;

describe("the declaration of an entry", () => {
  it("has its model and its known capabilities", () => {
    const text = typesOf(entry("coder", "capabilities = { tools = true, reasoning = false, context = 5 }"));
    expect(body(text)).toBe(`    coder: {
      model: "made-up";
      tools: true;
      reasoning: false;
    };
`);
  });

  it("comes from the catalog", () => {
    const text = typesOf('[models.old]\nname = "o3"\nprovider = "openai"');
    expect(body(text)).toMatch(/model: "o3";\n {6}tools: true;\n {6}parallelTools: false;\n {6}reasoning: true;/);
    expect(body(text)).toContain("temperature: false;");
  });

  it("includes restrictions of the host", () => {
    expect(body(typesOf('[models.local]\nname = "llama3"\nprovider = "ollama"'))).toContain("parallelTools: false;");
  });

  it("accepts any model name of a provider with discover = true, in every profile", () => {
    const profile = "[profiles.dev.providers.vllm]\ndiscover = true\n";
    expect(body(typesOf(`[providers.ollama]\ndiscover = true\n${profile}`))).toBe(
      "    [name: `ollama/${string}`]: {};\n    [name: `vllm/${string}`]: {};\n",
    );
  });

  it("has the model of a simulated entry", () => {
    const simulated = typesOf('[models.old]\nname = "o3"\nprovider = "simulator"');
    expect(simulated).toBe(typesOf('[models.old]\nname = "o3"\nprovider = "openai"'));
  });

  it("omits capabilities in `allow`", () => {
    const text = typesOf('[models.old]\nname = "o3"\nprovider = "openai"\nallow = ["temperature"]');
    expect(body(text)).not.toContain("temperature");
    expect(body(text)).toContain("stop: false;");
  });

  it("has only declared capabilities when a variable has the model", () => {
    const text = typesOf(
      '[models.any]\nname = "env:MODEL:-o3"\nprovider = "openai"\ncapabilities = { tools = false }\n[models.none]\nname = "env:MODEL"\nprovider = "openai"',
    );
    expect(body(text)).toBe("    any: {\n      tools: false;\n    };\n    none: {};\n");
  });
});

describe("profiles", () => {
  const TOML = `
[models.coder]
name = "one"
provider = "openai"
capabilities = { tools = true, stop = true }
[profiles.ci.models.coder]
name = "two"
capabilities = { tools = false }
[profiles.ci.models.extra]
name = "three"
provider = "openai"
[profiles.live.models.coder]
temperature = 1
`;

  it("add their entries, and remove facts that differ", () => {
    expect(body(typesOf(TOML))).toBe(
      '    coder: {\n      model: "one" | "two";\n      stop: true;\n    };\n    extra: {\n      model: "three";\n    };\n',
    );
  });

  it.each(["ci", "live"])("give the same types whichever is in use: %s", (profile) => {
    expect(typesOf(TOML, profile)).toBe(typesOf(TOML));
  });

  it("may complete entries that are incomplete in another profile", () => {
    const unfinished = `[models.coder]\nname = "one"\n[profiles.ci.models.coder]\nprovider = "openai"\n`;
    expect(body(typesOf(unfinished, "ci"))).toContain('coder: {\n      model: "one";');
  });
});

describe("groups and aliases", () => {
  const TOML = `
[models.one]
name = "m-1"
provider = "openai"
capabilities = { tools = true, stop = false, temperature = false }
[models.two]
name = "m-2"
provider = "openai"
capabilities = { tools = true, stop = true, temperature = false }
[groups.pool]
members = ["one", "two"]
[aliases]
best = "one"
any = "pool"
`;

  it("are declared like entries; a group has the common facts of its members", () => {
    const [entries = "", others = ""] = body(typesOf(TOML)).split(/(?=^ {4}pool)/m);
    expect(entries).toMatch(/^ {4}one: \{[^}]+\};\n {4}two: \{[^}]+\};\n$/);
    const pool = '      model: "m-1" | "m-2";\n      tools: true;\n      temperature: false;\n';
    const one = '      model: "m-1";\n      tools: true;\n      temperature: false;\n      stop: false;\n';
    expect(others).toBe(`    pool: {\n${pool}    };\n    best: {\n${one}    };\n    any: {\n${pool}    };\n`);
  });
});

describe("the environment", () => {
  it("changes single keys of the entries, not their types", () => {
    const env = { MODELWRIGHT_MODELS__CODER__NAME: "o3", MODELWRIGHT_DEFAULTS__ALLOW: '["stop"]' };
    const toml = entry("coder", "capabilities = { stop = false }");
    expect(typesOf(toml, undefined, env)).toBe(typesOf(toml));
  });
});

describe("the text", () => {
  it("starts with its generator and a fingerprint", () => {
    const [first, second, third] = typesOf(entry("coder")).split("\n");
    expect(first).toBe("// Written by `npx modelwright types` from models.toml; do not edit.");
    expect(second).toMatch(/^\/\/ Fingerprint: [0-9a-f]{16}$/);
    expect(third).toBe("export {};");
    expect(typesOf(entry("other")).split("\n")[1]).not.toBe(second);
  });

  it("quotes names that are not identifiers", () => {
    const names = ["gpt-4.1", "my server", "1st", 'say "hi"', "a'b", "größe", "*/", "`x`", "new"];
    const text = typesOf(names.map((name) => entry(name)).join("\n"));
    for (const name of names) expect(typeDifferences("", text).added).toContain(name);
    expect(text).toContain('    "gpt-4.1": {\n');
    expect(text).toContain("    new: {\n");
  });
});

describe("two texts", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abZ9_-. \"'{}:;/\\ü"), minLength: 1, maxLength: 6 });
  const nameList = fc.uniqueArray(word, { minLength: 1, maxLength: 6 });
  const textOf = (names: readonly string[]) => typesOf(names.map((name) => entry(name)).join("\n"));

  it("differ by added and removed names", () => {
    fc.assert(
      fc.property(nameList, nameList, (left, right) => {
        const [before, after] = [textOf(left), textOf(right)];
        const { added, removed, changed } = typeDifferences(before, after);
        expect([...added].sort()).toEqual(right.filter((name) => !left.includes(name)).sort());
        expect([...removed].sort()).toEqual(left.filter((name) => !right.includes(name)).sort());
        expect(changed).toEqual([]);
        expect(sameTypes(before, after)).toBe(before === after);
      }),
      { numRuns: 100 },
    );
  });

  it("differ by a model with other capabilities", () => {
    const before = typesOf(entry("a") + entry("b"));
    const after = typesOf(entry("a") + entry("b", "capabilities = { tools = false }"));
    expect(typeDifferences(before, after)).toEqual({ added: [], removed: [], changed: ["b"] });
  });

  it("are equal after formatting", () => {
    const text = typesOf(entry("my coder", "capabilities = { tools = true }"));
    const formatted = text.replaceAll('"', "'").replaceAll(";\n", "\n").replaceAll("  ", "\t").replaceAll("\n", "\r\n");
    expect(sameTypes(text, formatted)).toBe(true);
    expect(typeDifferences(formatted, text)).toEqual({ added: [], removed: [], changed: [] });
    expect(sameTypes(text, formatted.replace("tools: true", "tools: false"))).toBe(false);
  });
});
