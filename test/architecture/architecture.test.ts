import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { cycles, FILES, floorOf, IMPORTS, type Import, MIDDLE, roomOf, TOP } from "../../scripts/house/imports.ts";

const ROOT = join(import.meta.dirname, "../..");
const SDKS = ["openai", "@anthropic-ai/sdk", "@google/genai"];
const files = FILES;
const imports = IMPORTS;

const text = (list: readonly Import[]) => list.map(({ from, to }) => `${from} -> ${to}`);

describe("the floors of the house", () => {
  const own = imports.filter((one) => one.own);

  it("reads the imports of every source file", () => {
    expect(files.length).toBeGreaterThan(80);
    expect(own.length).toBeGreaterThan(200);
  });

  it("has a floor for every file, and index.ts alone outside the rooms", () => {
    expect(files.filter((file) => floorOf(file) < 0)).toEqual([]);
  });

  it("imports go down, never up", () => {
    expect(text(own.filter(({ from, to }) => floorOf(to) > floorOf(from)))).toEqual([]);
  });

  it("rooms of the middle floor do not import each other", () => {
    expect(
      text(
        own.filter(({ from, to }) => floorOf(from) === MIDDLE && floorOf(to) === MIDDLE && roomOf(from) !== roomOf(to)),
      ),
    ).toEqual([]);
  });

  it("the ways in do not import each other, but for the command that serves the gateway", () => {
    const between = own.filter(
      ({ from, to }) => floorOf(from) === TOP && floorOf(to) === TOP && roomOf(from) !== roomOf(to),
    );
    const isServe = ({ from, to }: Import) => from === "src/cli/commands/serve.ts" && roomOf(to) === "gateway";
    expect(text(between.filter((one) => !isServe(one)))).toEqual([]);
  });

  it("there is no cycle of imports, types included", () => {
    expect(cycles(own.filter(({ kind }) => kind !== "lazy"))).toEqual([]);
  });
});

describe("dependencies stay in their rooms", () => {
  const values = imports.filter(({ own, kind }) => !own && kind !== "type");

  it("an SDK is a value only in a dialect's client, loaded lazily", () => {
    const sdks = values.filter(({ to }) => SDKS.includes(to));
    expect(sdks.length).toBeGreaterThanOrEqual(3);
    expect(
      text(sdks.filter(({ from, kind }) => !/^src\/dialects\/[a-z]+\/client\.ts$/.test(from) || kind !== "lazy")),
    ).toEqual([]);
  });

  it("undici is a value only in the transport", () => {
    expect(text(values.filter(({ from, to }) => to === "undici" && roomOf(from) !== "transport"))).toEqual([]);
  });

  it("cockatiel is a value only in the layers", () => {
    expect(text(values.filter(({ from, to }) => to === "cockatiel" && roomOf(from) !== "layers"))).toEqual([]);
  });

  it("hono is used only by the gateway", () => {
    const users = values.filter(({ to }) => to === "hono" || to === "@hono/node-server");
    expect(users.length).toBeGreaterThanOrEqual(2);
    expect(text(users.filter(({ from }) => roomOf(from) !== "gateway"))).toEqual([]);
  });

  it("databases are used only by the stores and the ledger, and loaded lazily", () => {
    const DATABASE = /"(?:node:sqlite|pg|ioredis)"/;
    const users = files.filter((file) => DATABASE.test(readFileSync(join(ROOT, file), "utf8")));
    expect(users.length).toBeGreaterThanOrEqual(2);
    expect(users.filter((file) => !["stores", "ledger"].includes(roomOf(file)))).toEqual([]);
    const databases = values.filter(({ to }) => ["pg", "ioredis", "node:sqlite"].includes(to));
    expect(databases.length).toBeGreaterThanOrEqual(2);
    expect(text(databases.filter(({ kind }) => kind !== "lazy"))).toEqual([]);
  });

  it("nothing outside the command line uses its packages", () => {
    const terminal = ["commander", "picocolors", "cli-table3", "@clack/prompts"];
    expect(text(values.filter(({ from, to }) => terminal.includes(to) && roomOf(from) !== "cli"))).toEqual([]);
  });
});

/**
 * Names of node: modules that Node 18 has. A newer one is read from a namespace (`fs.globSync`): an older Node refuses to
 * link a program that imports a name it does not have, before the program can say which Node it needs.
 */
const OLD_NAMES: Readonly<Record<string, readonly string[]>> = {
  "node:crypto": ["X509Certificate", "createHash", "createHmac", "randomBytes", "randomUUID", "timingSafeEqual"],
  "node:fs": [
    ...["appendFileSync", "chmodSync", "closeSync", "constants", "existsSync", "fstatSync", "lstatSync", "openSync"],
    ...[
      "mkdirSync",
      "readFileSync",
      "readSync",
      "realpathSync",
      "renameSync",
      "statSync",
      "unlinkSync",
      "watch",
      "writeSync",
    ],
  ],
  "node:fs/promises": ["access", "lstat", "mkdir", "open", "readFile", "rename", "rm", "stat", "writeFile"],
  "node:http": ["STATUS_CODES", "createServer"],
  "node:module": ["createRequire"],
  "node:net": ["BlockList", "connect", "createServer", "isIP", "isIPv4", "isIPv6"],
  "node:path": ["basename", "dirname", "extname", "isAbsolute", "join", "relative", "resolve"],
  "node:readline": ["createInterface"],
  "node:stream": ["Readable", "addAbortSignal"],
  "node:string_decoder": ["StringDecoder"],
  "node:timers/promises": ["setImmediate", "setTimeout"],
  "node:tls": ["TLSSocket"],
  "node:url": ["fileURLToPath", "pathToFileURL"],
  "node:util": ["inspect", "isDeepStrictEqual", "stripVTControlCharacters"],
  "node:worker_threads": ["Worker"],
  "node:zlib": ["constants", "createBrotliDecompress", "createGunzip", "createInflate", "createInflateRaw"],
};

const IN_BRACES = /^import (?:\w+, )?\{([^}]*)\} from "(node:[^"]+)"/gm;

function newNamesIn(file: string): string[] {
  const code = readFileSync(join(ROOT, file), "utf8");
  return [...code.matchAll(IN_BRACES)].flatMap(([, names = "", module = ""]) =>
    names
      .split(",")
      .map((name) => name.trim().replace(/ as .*/, ""))
      .filter((name) => name !== "" && !name.startsWith("type ") && !OLD_NAMES[module]?.includes(name))
      .map((name) => `${file}: ${name} of ${module}`),
  );
}

/** Whether `await` stands outside every function: `require()` and bundles in CommonJS refuse such a module. */
function awaitsAtTopLevel(file: string): boolean {
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.Latest);
  const awaits = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return true;
    if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.AwaitUsing)
      return true;
    return ts.forEachChild(node, awaits) ?? false;
  };
  return awaits(source);
}

describe("an older Node", () => {
  it("can link every module: names newer than Node 18 come from a namespace", () => {
    expect([...files, "bin/modelwright.js"].flatMap(newNamesIn)).toEqual([]);
  });

  it("is refused before anything else runs", () => {
    for (const entry of [
      "index",
      "inject/index",
      "interop/ai-sdk",
      "interop/langchain",
      "gateway/index",
      "testing/index",
    ])
      expect(readFileSync(join(ROOT, `src/${entry}.ts`), "utf8")).toMatch(
        /^\/\/\/ <reference types="node" preserve="true" \/>\nimport "\.\.?\/core\/require-node\.ts";\n/,
      );
    const bin = readFileSync(join(ROOT, "bin/modelwright.js"), "utf8");
    const loaded = [...bin.matchAll(/^import .* from "([^"]+)"/gm)].map(([, specifier]) => specifier);
    expect(loaded).toEqual([
      ...["node:module", "node:process"],
      ...["../dist/core/cache-folder.js", "../dist/core/node-version.js"],
    ]);
  });

  it("has no `await` outside a function, so that `require()` works", () => {
    expect(files.filter(awaitsAtTopLevel)).toEqual([]);
  });
});

/** What the world does by itself: time, chance and the network. */
const UNINJECTED = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bperformance\b/,
  /\bhrtime\b/,
  /\bset(?:Timeout|Interval)\b/,
  /\bMath\.random\b/,
  /\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/,
  /\bglobalThis\.fetch\b|(?:await|return|=>|[=(,?:]) fetch\(/,
  /\bAbortSignal\.timeout\b/,
  /from "(?:node:)?(?:timers|perf_hooks)/,
];

/** The only places below the ways in that name one of them, and why. */
const ALLOWED: Readonly<Record<string, string>> = {
  "src/core/clock.ts": "it is the system's clock",
  "src/core/call-id.ts: randomBytes": "ids of calls differ between processes that share every other input",
  "src/factory/factory.ts: Math.random": "the default of `options.random`",
  "src/catalog/price.ts: new Date()": "which day's prices hold: the default of an argument",
  "src/core/answer-headers.ts: Date.now":
    "a date on the wire, where neither the answer nor the caller says what time it is",
};

/** A provider of its own, programs, and doubles: nobody hands them a clock. */
const NOT_CONCERNED = ["simulator", "cli", "testing"];

function namedIn(file: string): string[] {
  const code = readFileSync(join(ROOT, file), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*$/gm, "");
  return UNINJECTED.flatMap((pattern) => pattern.exec(code)?.[0] ?? []).map((name) => `${file}: ${name}`);
}

const isAllowed = (place: string) => place in ALLOWED || (place.split(":")[0] ?? "") in ALLOWED;

describe("time, chance and the network are injected", () => {
  const named = files.filter((file) => !NOT_CONCERNED.includes(roomOf(file))).flatMap(namedIn);

  it("no file reaches for the real ones but those that are listed", () => {
    expect(named.filter((place) => !isAllowed(place))).toEqual([]);
  });

  it("every place on the list is still one", () => {
    const stale = Object.keys(ALLOWED).filter((place) => !named.some((one) => one.startsWith(place)));
    expect(stale).toEqual([]);
  });
});

describe("shared test code", () => {
  const SPECIFIER = /(?:\bfrom|\bimport\(|^import)\s*"(\.[^"]+)"/gm;
  const tests = globSync("test/*/**/*.ts", { cwd: ROOT }).map((file) => file.replaceAll("\\", "/"));
  const used = tests.flatMap((from) =>
    [...readFileSync(join(ROOT, from), "utf8").matchAll(SPECIFIER)].map(([, specifier = ""]) => ({
      from,
      to: posix.join(posix.dirname(from), specifier),
    })),
  );

  it("is imported only from the folder of the test or from test/harness", () => {
    const foreign = used.filter(
      ({ from, to }) => to.startsWith("test/") && roomOf(to) !== roomOf(from) && roomOf(to) !== "harness",
    );
    expect(used.length).toBeGreaterThan(500);
    expect(foreign.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });
});

describe("names", () => {
  it("files are kebab-case and no file is a drawer for anything", () => {
    const names = files.map((file) => file.split("/").at(-1) ?? "");
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.generated)?\.ts$/.test(name))).toEqual([]);
    // A command is named by its users: `modelwright types`.
    const drawers = files.filter((file) => !file.startsWith("src/cli/commands/")).map((file) => file.split("/").at(-1));
    expect(drawers.filter((name = "") => /^(utils?|helpers?|common|types|manager|misc)\.ts$/.test(name))).toEqual([]);
  });

  it("nothing is exported by default", () => {
    const found = files.filter((file) => /^export default /m.test(readFileSync(join(ROOT, file), "utf8")));
    expect(found).toEqual([]);
  });
});
