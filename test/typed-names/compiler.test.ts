import { describe, expect, it } from "vitest";
import { typedProject } from "./project.ts";

const TOML = `
[models.coder]
name = "made-up-1"
provider = "openai"
capabilities = { tools = true, temperature = true }

[models.bare]
name = "made-up-2"
provider = "openai"
[models.bare.capabilities]
tools = false
reasoning = false
temperature = false
stop = false
prompt_cache = false
web_search = false

[models."my server"]
name = "made-up-3"
provider = "openai"
`;

const program = (lines: string) => `import { ModelFactory, type Model } from "modelwright";
const factory = await ModelFactory.load();
const bare = factory.create("bare");
${lines}
export {};
`;

const RIGHT = program(`
await factory.create("coder").codegen("Hello", { tools: [], temperature: 1 });
await factory.create("my server").codegen("Hello", { tools: [], stop: "END" });
const ask = (model: Model) => model.stream("Hello", { temperature: 1 }).text;
ask(bare);
ask(factory.create());
ask(factory.get("any text"));
ModelFactory.parse("").create("any text");
`);
const EXPORTS = program('export const model = bare;\nexport const ask = () => factory.create("coder");');
const MISSPELT_NAME = program('factory.create("codr");');
const MISSPELT_OPTION = program('bare.stream("Hello", { maxNewToken: 1 });');
const NEW_NAME = program('factory.create("");');
const OTHER_NAME = program('factory.create("coder");');
const COMPLETED_OPTION = program('bare.codegen("Hello", { ma });');
const SHOWN = program('const coder = factory.create("coder");\nconst other = factory.get("x");');

const LACKING = [
  ["tools: [{ name: 'f' }]", "made-up-2 does not support tools"],
  ["toolChoice: 'auto'", "made-up-2 does not support tools"],
  ["parallelToolCalls: true", "made-up-2 does not support parallel tool calls"],
  ["reasoningEffort: 'high'", "made-up-2 does not support reasoning effort"],
  ["temperature: 1", "made-up-2 does not support temperature"],
  ["stop: 'END'", "made-up-2 does not support stop sequences"],
  ["promptCache: true", "made-up-2 does not support prompt cache"],
  ["webSearch: true", "made-up-2 does not support web search"],
] as const;
const lacking = (option: string) => program(`await bare.codegen("Hello", { ${option} });`);

const project = typedProject(TOML, [
  ...[RIGHT, EXPORTS, MISSPELT_NAME, MISSPELT_OPTION, NEW_NAME, OTHER_NAME, COMPLETED_OPTION, SHOWN],
  ...LACKING.map(([option]) => lacking(option)),
]);

describe("a compiler", () => {
  it("accepts names of models.toml and supported options", () => {
    expect(project.messages(RIGHT)).toEqual([]);
  });

  it("lists the entries for a misspelled name", () => {
    const [message = "", ...others] = project.messages(MISSPELT_NAME);
    expect(others).toEqual([]);
    expect(message).toMatch(/^Argument of type '"codr"' is not assignable to parameter of type '/);
    for (const name of ["coder", "bare", "my server"]) expect(message).toContain(`"${name}"`);
  });

  it.each(LACKING)("of { %s } says: %s", (option, words) => {
    const [message = "", ...others] = project.messages(lacking(option));
    expect(others).toEqual([]);
    expect(message).toContain(`Unsupported<"${words}">`);
    expect(message.length).toBeLessThan(160);
  });

  it("reports a misspelled option in one line", () => {
    const [message = ""] = project.messages(MISSPELT_OPTION);
    expect(message).toContain("'maxNewToken' does not exist in type 'OptionsWithout<");
    expect(message).toMatch(/Did you mean to write 'maxNewTokens'\?$/);
  });

  it("can emit models in the declarations of a library", () => {
    expect(project.messages(EXPORTS)).toEqual([]);
  });
});

describe("an editor", () => {
  it.each([
    [NEW_NAME, '\nfactory.create("'],
    [OTHER_NAME, '\nfactory.create("c'],
  ])("completes factory.create(", (text, before) => {
    expect([...project.completions(text, before)].sort()).toEqual(["bare", "coder", "my server"]);
  });

  it("shows the capabilities of a model", () => {
    expect(project.hover(SHOWN, "const cod")).toBe(
      'const coder: Model<{\n    model: "made-up-1";\n    tools: true;\n    temperature: true;\n}, CallOptions>',
    );
    expect(project.hover(SHOWN, "const oth")).toBe("const other: Model<unknown, CallOptions>");
  });

  it("completes the options of a model that lacks some", () => {
    const names = project.completions(COMPLETED_OPTION, "{ ma");
    expect(names).toEqual(expect.arrayContaining(["maxNewTokens", "samples", "seed"]));
  });
});
