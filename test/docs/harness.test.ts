import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import { describe, expect, it, onTestFinished } from "vitest";
import { commandsOf, showsIn } from "./command-line.ts";
import { asModule, completeToml, entriesOf, withSimulatedProfile } from "./complete.ts";
import { typecheck } from "./typecheck.ts";

describe("a TypeScript block", () => {
  it("fails to compile without its imports, its factory or its model", () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-block-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const imported = 'import { ModelFactory } from "modelwright";\n';
    const made = "const model = (await ModelFactory.load()).create();\n";
    const used = 'await model.codegen("Hi");\n';
    const blocks = [imported + made + used, made + used, imported + used];
    const files = blocks.map((text, index) => {
      const file = join(folder, `${index}.mts`);
      writeFileSync(file, asModule(text));
      return file;
    });
    const found = typecheck(files);
    expect(files.map((file) => found.get(file))).toEqual([
      [],
      ["Cannot find name 'ModelFactory'."],
      ["Cannot find name 'model'."],
    ]);
  });
});

describe("what a TOML block may leave out", () => {
  it("puts bare keys into an entry, and leaves keys of the file's top where they are", () => {
    expect(parse(completeToml("repair = 1")).models).toEqual({
      example: { name: "gpt-6-luna", provider: "openai", repair: 1 },
    });
    expect(parse(completeToml('default_model = "a"\n[models.a]'))).toMatchObject({ default_model: "a" });
  });

  it("completes entries and makes up those that are only mentioned", () => {
    const text = completeToml(
      '[models.a]\nfallback_models = ["b"]\n[models.c]\nextends = "a"\n[profiles.ci.models.d]\nprovider = "simulator"',
    );
    expect(entriesOf(text).sort()).toEqual(["a", "b", "c", "d"]);
  });

  it("keeps every position when the simulator stands in", () => {
    const text = '[models.a]\nname = "x"\n';
    expect(withSimulatedProfile(text).startsWith(text)).toBe(true);
  });
});

describe("commands and what is shown of them", () => {
  it("finds the command of a pipeline, its variables and its words", () => {
    const [command] = commandsOf("sh", 'git diff | A_B=c npx modelwright run -s "be short" hi > out.txt  # a remark');
    expect(command).toEqual({
      env: { A_B: "c" },
      words: ["npx", "modelwright", "run", "-s", "be short", "hi"],
      shown: [],
    });
  });

  it("runs each half of `a && b`", () => {
    expect(commandsOf("sh", "npm ci && npm test").map(({ words }) => words)).toEqual([
      ["npm", "ci"],
      ["npm", "test"],
    ]);
  });

  it("reads what is shown below each command", () => {
    expect(commandsOf("console", "$ a\none\n\n$ b\ntwo").map(({ shown }) => shown)).toEqual([["one"], ["two"]]);
  });

  it("compares in order, with … for anything, and names what is missing", () => {
    expect(showsIn(["one … three", "four"], "one  two\nthree\nfour")).toBeUndefined();
    expect(showsIn(["three", "one"], "one two three")).toBe("one");
  });
});
