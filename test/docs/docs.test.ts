import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ConfigError, ModelFactory } from "modelwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCALHOST_CERT } from "../harness/localhost-certificate.ts";
import { type Block, blocksOf, fileOf, PAGES, placeOf, ROOT } from "./blocks.ts";
import { type Command, commandsOf, showsIn } from "./command-line.ts";
import { asModule, completeToml, entriesOf, includesOf, PROFILE, withSimulatedProfile } from "./complete.ts";
import type { Job, Result } from "./run-jobs.ts";
import { typecheck } from "./typecheck.ts";

/*
 * Everything the pages show is true: ```ts blocks are type-checked and run (unless marked no-run, with the reason in
 * their first line), ```toml blocks are parsed and their entries created, commands of ```sh and ```console blocks are
 * run. A page's models.toml is its last block marked `file=models.toml` above, else the shipped one. Nobody is asked
 * but the simulator. A ```toml block marked `wrong` must be refused.
 */

const SCRATCH = mkdtempSync(join(tmpdir(), "modelwright-docs-"));
const SHIPPED = readFileSync(join(ROOT, "models.toml"), "utf8");
const SCRIPTS = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> })
  .scripts;
const KNOWN_LANGUAGES = ["ts", "toml", "sh", "console", "json", "text"];

const blocks = PAGES.flatMap(blocksOf);
const of = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language));
const jobs: Job[] = [];
const modules = new Map<Block, string>();
const cliJobs = new Map<Block, { readonly id: string; readonly command: Command }[]>();
let results: Readonly<Record<string, Result>> = {};
let messages: ReadonlyMap<string, readonly string[]> = new Map();

const KEYS = {
  OPENAI_API_KEY: "not-a-key",
  ANTHROPIC_API_KEY: "not-a-key",
  GEMINI_API_KEY: "not-a-key",
  DEEPSEEK_API_KEY: "not-a-key",
};

writeFileSync(join(SCRATCH, "package.json"), '{ "type": "module" }');
symlinkSync(join(ROOT, "node_modules"), join(SCRATCH, "node_modules"), "dir");
PAGES.forEach(preparePage);

function preparePage(page: string, index: number): void {
  let folder = "";
  let version = 0;
  let config = "";
  const openFolder = (toml: string) => {
    config = toml;
    folder = join(SCRATCH, `${index}-${version++}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "models.toml"), withSimulatedProfile(toml));
  };
  openFolder(SHIPPED);
  for (const block of blocks.filter((one) => one.page === page)) {
    const file = fileOf(block);
    if (file === "models.toml") openFolder(block.text);
    else if (file !== undefined) writeBelow(folder, file, block.text);
    if (block.language === "ts") prepareModule(block, folder);
    if (block.language === "sh" || block.language === "console") prepareCommands(block, folder, config);
  }
}

function writeBelow(folder: string, file: string, text: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function prepareModule(block: Block, folder: string): void {
  const path = join(folder, fileOf(block) ?? `line-${block.line}.ts`);
  writeBelow(folder, fileOf(block) ?? `line-${block.line}.ts`, asModule(block.text));
  modules.set(block, path);
  if (block.flags.includes("no-run")) return;
  const chooses = block.text.includes("ModelFactory.parse(");
  jobs.push({
    id: placeOf(block),
    cwd: folder,
    env: { ...KEYS, ...(!chooses && { MODELWRIGHT_PROFILE: PROFILE }) },
    module: path,
  });
}

function prepareCommands(block: Block, folder: string, config: string): void {
  const own = commandsOf(block.language, block.text).filter(({ words }) => argvOf(words) !== undefined);
  const asked = own.map((command, index) => ({ id: `${placeOf(block)}#${index}`, command }));
  cliJobs.set(block, asked);
  if (block.flags.includes("no-run")) return;
  for (const { id, command } of asked) {
    const argv = argvOf(command.words) ?? [];
    const asks =
      argv.some((word) => ["run", "chat", "--discover", "--online"].includes(word)) &&
      !argv.includes("--profile") &&
      !onlySimulated(config);
    const cwd = argv[0] === "init" ? mkdtempSync(join(SCRATCH, "empty-")) : folder;
    jobs.push({
      id,
      cwd,
      env: { ...KEYS, NO_COLOR: "1", ...(asks && { MODELWRIGHT_PROFILE: PROFILE }), ...command.env },
      argv,
    });
  }
}

function onlySimulated(config: string): boolean {
  return !/^provider\s*=\s*"(?!simulator")/m.test(config.split("[profiles.")[0] ?? "");
}

/** The arguments of modelwright; `undefined` for another program. */
function argvOf(words: readonly string[]): readonly string[] | undefined {
  const [first, second] = words;
  if (first === "modelwright") return words.slice(1);
  return first === "npx" && second === "modelwright" ? words.slice(2) : undefined;
}

beforeAll(async () => {
  const [asked, answered] = [join(SCRATCH, "jobs.json"), join(SCRATCH, "results.json")];
  writeFileSync(asked, JSON.stringify(jobs));
  const running = promisify(execFile)(process.execPath, [join(import.meta.dirname, "run-jobs.ts"), asked, answered]);
  messages = typecheck([...modules.values()]);
  await running;
  results = JSON.parse(readFileSync(answered, "utf8"));
}, 60_000);

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

describe("the pages", () => {
  it("have only blocks of tested languages", () => {
    expect(blocks.filter(({ language }) => !KNOWN_LANGUAGES.includes(language)).map(placeOf)).toEqual([]);
  });

  it("have a reason for each block that is not run", () => {
    const silent = of("ts", "sh", "console").filter(
      ({ flags, text }) => flags.includes("no-run") && !/^\s*(?:\/\/|#|\$.*#)/.test(text),
    );
    expect(silent.map(placeOf)).toEqual([]);
  });

  it("have enough code blocks", () => {
    expect(of("ts").length).toBeGreaterThan(30);
    expect(of("toml").length).toBeGreaterThan(20);
  });
});

describe("TypeScript of the pages", () => {
  it.each(of("ts").map((block) => [placeOf(block), block] as const))("%s compiles", (_, block) => {
    expect(messages.get(modules.get(block) ?? "")).toEqual([]);
  });

  it.each(
    of("ts")
      .filter(({ flags }) => !flags.includes("no-run"))
      .map((block) => [placeOf(block), block] as const),
  )("%s runs", (place, block) => {
    const { error, output } = results[place] ?? { error: "was not run", output: "" };
    expect(error).toBeUndefined();
    const printed = [...block.text.matchAll(/\/\/ prints: (.*)/g)].map(([, words = ""]) => words);
    expect(showsIn(printed, output), output).toBeUndefined();
  });
});

describe("TOML of the pages", () => {
  const env = new Proxy({} as Record<string, string>, {
    get: (_, name: string) => (/^(?:MODELWRIGHT|NO_PROXY|no_proxy)/.test(name) ? undefined : "http://127.0.0.1:9"),
  });
  const baseDir = join(SCRATCH, "toml");

  it.each(
    of("toml")
      .filter(({ flags }) => !flags.includes("wrong"))
      .map((block) => [placeOf(block), block] as const),
  )("%s is a models.toml, or a part of one", async (_, block) => {
    const text = completeToml(block.text);
    for (const [, file = ""] of text.matchAll(/"file:([^"]+)"/g)) writeBelow(baseDir, file, "content");
    for (const [, file = ""] of text.matchAll(/ca_file = "([^"]+)"/g)) writeBelow(baseDir, file, LOCALHOST_CERT);
    for (const file of includesOf(text)) writeBelow(baseDir, file, "# of somebody else\n");
    for (const profile of [undefined, ...profilesOf(block.text)]) {
      const embed = () => Promise.resolve([]);
      const factory = ModelFactory.parse(text, { env, baseDir, embed, ...(profile !== undefined && { profile }) });
      for (const name of factory.names()) expect(String(factory.get(name))).toBe(name);
      await factory.close();
    }
  });

  it.each(
    of("toml")
      .filter(({ flags }) => flags.includes("wrong"))
      .map((block) => [placeOf(block), block] as const),
  )("%s is refused", (_, block) => {
    expect(() => ModelFactory.parse(block.text, { env })).toThrow(ConfigError);
  });

  function profilesOf(text: string): string[] {
    return [...new Set([...text.matchAll(/^\[profiles\.([\w-]+)/gm)].map(([, name = ""]) => name))];
  }

  it("has entries in every file that other blocks work with", () => {
    for (const block of of("toml").filter((one) => fileOf(one) === "models.toml"))
      expect(entriesOf(block.text).length, placeOf(block)).toBeGreaterThan(0);
  });
});

describe("commands of the pages", () => {
  const shells = of("sh", "console");

  it.each(shells.filter(({ flags }) => !flags.includes("no-run")).map((block) => [placeOf(block), block] as const))(
    "%s works as shown",
    (_, block) => {
      for (const { id, command } of cliJobs.get(block) ?? []) {
        const { output = "", exitCode } = results[id] ?? {};
        const missing = showsIn(command.shown, output);
        expect(missing, `${command.words.join(" ")} printed:\n${output}`).toBeUndefined();
        const shouldFail = /\berror:|^error /m.test(command.shown.join("\n"));
        if (!shouldFail) expect(exitCode, output).toBe(0);
      }
      for (const { words } of commandsOf(block.language, block.text))
        if (argvOf(words) === undefined) checkOther(words);
    },
  );

  /** Programs other than modelwright are not run; what they lead to must be there. */
  function checkOther(words: readonly string[]): void {
    const [program = "", first = "", second = ""] = words;
    if (program === "npm" && first === "run") expect(SCRIPTS).toHaveProperty(second);
    else if (program === "npm" && first === "test") expect(SCRIPTS).toHaveProperty("test");
    else if (program === "node")
      expect(existsSync(join(ROOT, words.find((word) => word.endsWith(".ts")) ?? "none")), words.join(" ")).toBe(true);
    else expect(["npm", "export", "cd", "git", "npx"], words.join(" ")).toContain(program);
  }
});
