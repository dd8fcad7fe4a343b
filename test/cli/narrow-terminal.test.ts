import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { cli } from "../harness/terminal.ts";
import { entryOf, listing, openaiModels } from "./providers.ts";

const NAME = "coder-for-long-refactorings";
const KEY = "a-key-for-tests";

async function world(): Promise<string> {
  const server = await listing({ [KEY]: openaiModels("made-up-model-with-a-long-name-2030-01-01", "other") });
  const place = { provider: "openai", api_key: KEY, base_url: `${server.origin}/v1/with/a/rather/long/path/to/it` };
  return [
    entryOf(NAME, { ...place, base_url: `${server.origin}/v1`, name: "made-up-model-with-a-long-name-2030-01-01" }),
    entryOf("far", { ...place, name: "made-up-model-of-another-server" }),
    entryOf("keyless", { name: "openai/gpt-oss-120b", provider: "groq", api_key: "env:A_VARIABLE_THAT_IS_NOT_SET" }),
    `[aliases]\nshort = "${NAME}"\n\n[groups.everything]\nmembers = ["${NAME}", "far", "keyless"]\n`,
  ].join("\n");
}

const COMMANDS: readonly (readonly [command: string, shows: string])[] = [
  ["models", NAME],
  ["models --catalog", "claude-sonnet-4-5"],
  ["models --catalog bedrock", "anthropic."],
  ["models --discover", "other"],
  [`explain ${NAME}`, NAME],
  ["explain keyless", "keyless"],
  ["explain everything", NAME],
  ["check", NAME],
  ["check --online", NAME],
  ["catalog", "shipped"],
];

describe.each([60, 80])("a terminal of %i columns", (columns) => {
  it.each(COMMANDS)("fits every line of `%s` and keeps the names", async (command, shows) => {
    const toml = await world();
    for (const env of [{ FORCE_COLOR: "1" }, { NO_COLOR: "1" }]) {
      const { out, err } = await cli(command.split(" "), { toml, terminal: true, columns, env });
      expect(out, err).not.toBe("");
      const text = stripVTControlCharacters(out);
      expect(text.split("\n").filter((line) => line.length > columns)).toEqual([]);
      expect(text).toContain(shows);
    }
  });
});

describe("a pipe", () => {
  it.each(["models", `explain ${NAME}`, "check"])("has the width of COLUMNS for `%s`, or none", async (command) => {
    const toml = await world();
    const run = async (COLUMNS: string) => (await cli(command.split(" "), { toml, env: { COLUMNS } })).out.split("\n");
    expect((await run("60")).filter((line) => line.length > 60)).toEqual([]);
    const whole = await run("wide");
    expect(Math.max(...whole.map((line) => line.length))).toBeGreaterThan(60);
    expect(whole).toEqual((await cli(command.split(" "), { toml })).out.split("\n"));
  });
});

describe.each([60, 80, 120])("help on a terminal of %i columns", (columns) => {
  it.each([[], ["run"], ["models"], ["catalog"], ["check"], ["simulate"]])(
    "fits every line for `%s`",
    async (...words) => {
      const { out } = await cli([...words, "--help"], { terminal: true, columns, env: { FORCE_COLOR: "1" } });
      const lines = stripVTControlCharacters(out).split("\n");
      expect(lines[0]).toMatch(/^Usage: modelwright/);
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
    },
  );
});

describe("columns without room", () => {
  const NOTE = /^columns hidden: (.+); widen the terminal or use --json$/;

  it("are named on stderr, once for several tables", async () => {
    const [toml, session] = [await world(), { terminal: true, columns: 60, env: { NO_COLOR: "1" } }];
    const noteOf = ({ err }: { err: string }) => NOTE.exec(err.trim().replaceAll("\n  ", " "))?.[1];
    expect(noteOf(await cli(["models"], { ...session, toml }))).toBe("provider, wire, context, output, price, can");
    expect(noteOf(await cli(["models", "--catalog", "bedrock"], session))).toBeUndefined();
    const { err } = await cli(["models", "--discover"], { ...session, toml });
    expect(err.match(/columns hidden/g)).toHaveLength(1);
  });

  it("are not mentioned when all fit, nor in a pipe or with --json", async () => {
    const toml = await world();
    const wide = { toml, terminal: true, columns: 240 };
    for (const [argv, session] of [
      [["models"], wide],
      [["models"], { toml }],
      [["models", "--json"], { ...wide, columns: 60 }],
    ] as const)
      expect((await cli(argv, session)).err).not.toContain("hidden");
  });
});
