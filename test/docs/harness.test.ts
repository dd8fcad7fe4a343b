import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { commandsOf, showsIn } from "./command-line.ts";
import { completeToml, completeTypeScript, entriesOf, withSimulatedProfile } from "./complete.ts";

describe("what a TypeScript block may leave out", () => {
  it("gives a block only the names it uses and does not declare", () => {
    expect(completeTypeScript("const reply = await model.codegen('Hi');").split("\n")[0]).toBe(
      'import { ModelFactory } from "modelwright"; const factory = await ModelFactory.load(); const model = factory.create();',
    );
    expect(completeTypeScript("const model = 1; console.log(model);").split("\n")[0]).toBe("");
    expect(completeTypeScript("console.log(reply.model, { model: 1 });").split("\n")[0]).toBe("");
  });

  it("is not fooled by a renamed property", () => {
    const [first] = completeTypeScript("for (const { model: name } of rows) await model.codegen(name);").split("\n");
    expect(first).toContain("const model = factory.create();");
  });
});

describe("what a TOML block may leave out", () => {
  it("puts bare keys into an entry, and leaves keys of the file's top where they are", () => {
    expect(parse(completeToml("repair = 1")).models).toEqual({
      example: { name: "gpt-4o-mini", provider: "openai", repair: 1 },
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
