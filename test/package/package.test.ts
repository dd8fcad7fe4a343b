import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examplesOf } from "./examples.ts";
import { type Consumer, installPacked, ROOT, run } from "./packed.ts";

let consumer: Consumer;
beforeAll(() => {
  consumer = installPacked();
}, 60_000);
afterAll(() => consumer?.remove());

const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

describe("the tarball", () => {
  it("has what a program needs", () => {
    const paths = consumer.files.map(({ path }) => path);
    const needed = [
      "LICENSE",
      "NOTICE",
      "README.md",
      "CHANGELOG.md",
      "package.json",
      "models.toml",
      "bin/modelwright.js",
    ];
    const entries = ["dist/index.js", "dist/index.d.ts", "dist/testing/index.js", "dist/testing/index.d.ts"];
    entries.push(
      "dist/inject/index.js",
      "dist/inject/index.d.ts",
      "dist/interop/ai-sdk.js",
      "dist/interop/ai-sdk.d.ts",
      "dist/interop/langchain.js",
      "dist/interop/langchain.d.ts",
      "dist/gateway/index.js",
      "dist/gateway/index.d.ts",
    );
    expect(paths).toEqual(expect.arrayContaining([...needed, ...entries, "schemas/models.schema.json"]));
  });

  it("has nothing else: no tests, sources, generators or files of older builds", () => {
    const paths = consumer.files.map(({ path }) => path);
    const folders = new Set(paths.filter((path) => path.includes("/")).map((path) => path.split("/")[0]));
    expect([...folders].sort()).toEqual(["bin", "dist", "docs", "examples", "schemas"]);
    const code = paths.filter((path) => !path.startsWith("examples/"));
    expect(code.filter((path) => /\.map$|\.test\.|(?<!\.d)\.ts$|catalog\/generation/.test(path))).toEqual([]);
    const built = paths.filter((path) => path.startsWith("dist/") && !path.startsWith("dist/chunks/"));
    const sourceOf = (path: string) => path.replace(/^dist/, "src").replace(/(\.d\.ts|\.js)$/, ".ts");
    expect(built.filter((path) => !existsSync(join(ROOT, sourceOf(path))))).toEqual(["dist/licenses.txt"]);
    expect(built.filter((path) => path.endsWith(".js")).sort()).toEqual([
      "dist/cli/main.js",
      "dist/core/cache-folder.js",
      "dist/core/node-version.js",
      "dist/core/require-node.js",
      "dist/gateway/index.js",
      "dist/index.js",
      "dist/inject/index.js",
      "dist/interop/ai-sdk.js",
      "dist/interop/langchain.js",
      "dist/testing/index.js",
    ]);
    const chunks = paths.filter((path) => path.startsWith("dist/chunks/"));
    const reached = new Set(chunks.flatMap((path) => specifiersIn(path).map((specifier) => basename(specifier))));
    for (const entry of built) for (const specifier of specifiersIn(entry)) reached.add(basename(specifier));
    expect(chunks.filter((path) => !reached.has(basename(path)))).toEqual([]);
  });

  it("imports exactly its dependencies", () => {
    const built = consumer.files.map(({ path }) => path).filter((path) => /^dist\/.*\.js$/.test(path));
    const specifiers = built.flatMap(specifiersIn).filter((specifier) => !/^(?:\.|node:)/.test(specifier));
    const bare = specifiers.map((specifier) => packageOf(`node_modules/${specifier}`));
    const required = [...new Set(bare)].filter((name) => !OPTIONAL.includes(name));
    expect(required.sort()).toEqual(DEPENDENCIES.toSorted());
  });

  it("has the license of every bundled package", () => {
    const home = join(consumer.folder, "node_modules/modelwright");
    const built = consumer.files.map(({ path }) => path).filter((path) => /^dist\/.*\.js$/.test(path));
    const inside = built.flatMap((path) =>
      [...readFileSync(join(home, path), "utf8").matchAll(/^\/\/ .*node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(
        ([, name]) => name,
      ),
    );
    const licenses = readFileSync(join(home, "dist/licenses.txt"), "utf8");
    const listed = [...licenses.matchAll(/^(\S+) \d+\.\d+\.\d+ \((?:MIT|ISC|BSD-3-Clause|Apache-2\.0)\)$/gm)];
    expect([...new Set(inside)].sort()).toEqual(listed.map(([, name]) => name).sort());
    expect(inside).toContain("zod");
    expect(licenses).toContain("Copyright (c) 2025 Colin McDonnell");
    expect(readFileSync(join(home, "NOTICE"), "utf8")).toContain("dist/licenses.txt");
  });

  it("has an executable bin, also in the working copy", () => {
    const bin = consumer.files.find(({ path }) => path === "bin/modelwright.js");
    expect((bin?.mode ?? 0) & 0o777).toBe(0o755);
    expect(statSync(join(ROOT, "bin/modelwright.js")).mode & 0o111).toBe(0o111);
  });

  it("refers to no source map, because it has none", () => {
    const home = join(consumer.folder, "node_modules/modelwright");
    const built = consumer.files.filter(({ path }) => path.startsWith("dist/"));
    expect(built.filter(({ path }) => readFileSync(join(home, path), "utf8").includes("sourceMappingURL"))).toEqual([]);
  });

  it("has every page and every linked file", () => {
    const paths = consumer.files.map(({ path }) => path);
    const pages = paths.filter((path) => path.endsWith(".md"));
    expect(pages.length).toBeGreaterThan(30);
    const linked = pages.flatMap((page) =>
      [...readFileSync(join(ROOT, page), "utf8").matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .map((target) => ({ page, target: join(dirname(page), target) })),
    );
    expect(linked.length).toBeGreaterThan(60);
    const isShipped = (target: string) => paths.some((path) => path === target || path.startsWith(`${target}/`));
    expect(linked.filter(({ target }) => !isShipped(target))).toEqual([]);
  });

  it("refers only to files that it contains", () => {
    const home = join(consumer.folder, "node_modules/modelwright");
    const { exports, bin } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
      exports: object;
      bin: object;
    };
    const named = [
      ...Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry))),
      ...Object.values(bin),
    ];
    expect(named.filter((path) => !existsSync(join(home, String(path))))).toEqual([]);
  });
});

describe("a project that installed it", () => {
  it("compiles in strict mode with our declarations, without types of an SDK", () => {
    copyFileSync(join(import.meta.dirname, "consumer.ts"), join(consumer.folder, "consumer.ts"));
    const examples = examplesOf(ROOT);
    expect(examples.length).toBeGreaterThanOrEqual(5);
    for (const { name, code } of examples) consumer.write(`${name}.ts`, code);
    copyFileSync(join(ROOT, "models.toml"), join(consumer.folder, "models.toml"));
    expect(consumer.node("node_modules/modelwright/bin/modelwright.js", "types").status).toBe(0);
    consumer.write("registered.ts", REGISTERED);
    consumer.write("tsconfig.json", JSON.stringify({ compilerOptions: STRICT, include: ["*.ts"] }));
    const { status, stdout } = consumer.node(TSC, "-p", ".", "--listFiles");
    expect(stdout.split("\n").filter((line) => line.includes("error TS"))).toEqual([]);
    expect(status).toBe(0);
    const packages = new Set([...stdout.matchAll(/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/g)].map(([, name]) => name));
    expect([...packages].sort()).toEqual(["@types/node", "modelwright", "typescript", "undici-types", "zod"]);
  }, 60_000);

  it.each(["NodeNext", "ESNext"])(
    "compiles with %s modules, the library of ES2023, and no `types`",
    (module) => {
      mkdirSync(join(consumer.folder, "plain"), { recursive: true });
      copyFileSync(join(import.meta.dirname, "consumer.ts"), join(consumer.folder, "plain/consumer.ts"));
      const { types: _, ...rest } = STRICT;
      const resolution = module === "ESNext" && { moduleResolution: "bundler" };
      const compilerOptions = { ...rest, lib: ["ES2023"], module, ...resolution };
      consumer.write("plain/tsconfig.json", JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
      const { status, stdout } = consumer.node(TSC, "-p", "plain");
      expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    },
    60_000,
  );

  it("does not compile with an unknown name or an unsupported option", () => {
    copyFileSync(join(ROOT, "models.toml"), join(consumer.folder, "models.toml"));
    expect(consumer.node("node_modules/modelwright/bin/modelwright.js", "types").status).toBe(0);
    mkdirSync(join(consumer.folder, "refused"));
    consumer.write("refused/refused.ts", REFUSED);
    const files = ["refused.ts", "../modelwright.d.ts"];
    consumer.write("refused/tsconfig.json", JSON.stringify({ compilerOptions: STRICT, files }));
    const { stdout } = consumer.node(TSC, "-p", "refused");
    const messages = stdout.split("\n").filter((line) => line.includes("error TS"));
    expect(messages).toEqual([
      expect.stringContaining(
        `is not assignable to type 'number & Unsupported<"gpt-6.1-sol does not support temperature">'.`,
      ),
      expect.stringMatching(/Argument of type '"thinkr"' is not assignable to parameter of type .*"thinker"/),
    ]);
  }, 60_000);

  it("runs", () => {
    copyFileSync(join(import.meta.dirname, "consumer.ts"), join(consumer.folder, "consumer.ts"));
    const { status, stdout, stderr } = consumer.node("consumer.ts");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      simulated: true,
      scripted: "from a script",
      events: ["start", "text-delta", "usage", "finish"],
      object: "string",
      code: "aborted",
      unknown: "coder",
      injected: "coder",
    });
    expect(status).toBe(0);
  });

  it.each(examplesOf(ROOT))("runs the example $name", ({ name, code }) => {
    copyFileSync(join(ROOT, "models.toml"), join(consumer.folder, "models.toml"));
    consumer.write(`${name}.ts`, code);
    const { status, stdout, stderr } = consumer.node(`${name}.ts`);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    // What an example says in a comment is what it prints.
    for (const [, said = ""] of code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)) expect(stdout).toContain(said);
  });

  describe("loads", () => {
    let graph: Record<"imported" | "created" | "ofNode" | "testing" | "called", string[]>;
    beforeAll(() => {
      copyFileSync(join(import.meta.dirname, "import-graph.ts"), join(consumer.folder, "import-graph.ts"));
      const { status, stdout, stderr } = consumer.node("import-graph.ts");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      graph = JSON.parse(stdout) as typeof graph;
    });

    it("no SDK and no rarely used package before the first call", () => {
      const packages = (urls: readonly string[]) =>
        [...new Set(urls.map(packageOf))].filter((name) => DEPENDENCIES.includes(name));
      expect(packages([...graph.imported, ...graph.created, ...graph.testing])).toEqual([]);
      // The first call does load them: the list above speaks of packages that exist.
      expect(packages(graph.called).sort()).toEqual(["openai", "undici"]);
    });

    it("a handful of modules", () => {
      expect(graph.imported.filter((url) => url.startsWith("file:")).length).toBeLessThanOrEqual(20);
      expect(graph.created).toEqual([]);
    });

    it("no Node module that only a connection or a hash needs", () => {
      expect(graph.ofNode).toContain("NativeModule net");
      const early = /^NativeModule (?:_?(?:tls|http|https|zlib|http2|crypto)|internal\/deps\/undici)/;
      expect(graph.ofNode.filter((name) => early.test(name))).toEqual([]);
    });
  });
});

describe("the command of the tarball", () => {
  const command = (...args: string[]) => consumer.node("node_modules/modelwright/bin/modelwright.js", ...args);

  it("prints its version", () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect(command("--version")).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("lists the models of a file", () => {
    copyFileSync(join(ROOT, "models.toml"), join(consumer.folder, "models.toml"));
    const { status, stdout } = command("models", "--json");
    expect(status).toBe(0);
    expect(JSON.stringify(JSON.parse(stdout))).toContain("claude-sonnet-4-5");
  });

  it("loads a handful of modules for `check`, and compiles them once", () => {
    copyFileSync(join(ROOT, "models.toml"), join(consumer.folder, "models.toml"));
    consumer.write("count.mjs", COUNTED);
    const cache = join(consumer.folder, "cache");
    const env = { ...process.env, XDG_CACHE_HOME: cache, LOCALAPPDATA: cache, NODE_DISABLE_COMPILE_CACHE: undefined };
    const bin = "node_modules/modelwright/bin/modelwright.js";
    const { status, stderr } = run(["--import", "./count.mjs", bin, "check"], consumer.folder, env);
    expect(status).toBe(0);
    const loaded = JSON.parse(stderr) as string[];
    expect(loaded.length).toBeLessThanOrEqual(40);
    expect(loaded.map(packageOf).filter((name) => DEPENDENCIES.includes(name))).toEqual([]);
    expect(existsSync(join(cache, "modelwright/compiled"))).toBe(true);
  });

  it("answers with a simulated model", () => {
    copyFileSync(join(ROOT, "models.toml"), join(consumer.folder, "models.toml"));
    const { status, stdout } = command("run", "-m", "fast", "Hello");
    expect(stdout).toContain("simulated");
    expect(status).toBe(0);
  });

  it.each([
    [["no-such-command"], "unknown command"],
    [["run", "-m", "codre", "Hello"], "coder"],
  ])("exits with 2 for %j and a message on stderr", (args, why) => {
    copyFileSync(join(ROOT, "models.toml"), join(consumer.folder, "models.toml"));
    const { status, stdout, stderr } = command(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(why);
  });
});

describe("an older Node", () => {
  const SENTENCE = "modelwright needs Node 22.19 or newer; this is Node 20.20.2";
  const under = (...args: string[]) => {
    const lines = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });`;
    consumer.write("older.mjs", lines);
    return consumer.node("--import", "./older.mjs", ...args);
  };

  it("is rejected by the CLI in one line", () => {
    const refused = { status: 1, stdout: "", stderr: `${SENTENCE}\n` };
    expect(under("node_modules/modelwright/bin/modelwright.js", "models")).toEqual(refused);
  });

  it.each(["modelwright", "modelwright/ai-sdk", "modelwright/inject", "modelwright/testing"])(
    "is rejected by import and require of %s",
    (name) => {
      consumer.write("import.mjs", `import("${name}").catch(({ message }) => console.log(message));`);
      consumer.write("require.cjs", `try { require("${name}"); } catch ({ message }) { console.log(message); }`);
      for (const file of ["import.mjs", "require.cjs"])
        expect(under(file)).toEqual({ status: 0, stdout: `${SENTENCE}\n`, stderr: "" });
    },
  );
});

describe("a CommonJS program", () => {
  it("gets every entry point from require()", () => {
    const names = ["modelwright", "modelwright/ai-sdk", "modelwright/inject", "modelwright/testing"];
    const parts = ["ModelFactory", "languageModel", "Container", "startSimulator"];
    const lines = names.map((name, index) => `console.log(typeof require("${name}").${parts[index]});`);
    consumer.write("required.cjs", lines.join("\n"));
    expect(consumer.node("required.cjs")).toEqual({ status: 0, stdout: "function\n".repeat(4), stderr: "" });
  });
});

describe("package checks", () => {
  it("publint finds nothing", () => {
    const { status, stdout } = run(
      [
        join(ROOT, "node_modules/publint/src/cli.js"),
        join(consumer.folder, "node_modules/modelwright"),
        "--strict",
        "--pack",
        "false",
      ],
      ROOT,
    );
    expect(stdout).toContain("All good");
    expect(status).toBe(0);
  });

  it("are the types wrong? No", () => {
    const tarball = join(consumer.folder, "modelwright-0.1.0.tgz");
    const attw = join(ROOT, "node_modules/@arethetypeswrong/cli/dist/index.js");
    const { status, stdout } = run([attw, tarball, "--profile", "esm-only", "--format", "ascii"], ROOT);
    const verdicts = stdout.split("\n").filter((line) => /^(node16 \(from ESM\)|bundler): /.test(line));
    expect(verdicts).toHaveLength(16);
    expect(verdicts.filter((line) => !line.includes("🟢"))).toEqual([]);
    expect(status).toBe(0);
  }, 60_000);
});

const COUNTED = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({
  load(url, context, next) {
    if (url.startsWith("file:")) loaded.push(url);
    return next(url, context);
  },
});
process.on("exit", () => console.error(JSON.stringify(loaded)));
`;

const STRICT = {
  ...{ target: "ES2023", lib: ["ES2024", "ESNext.Disposable"], module: "NodeNext", strict: true, noEmit: true },
  ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false, types: ["node"] },
};

/** With the types that the command writes for models.toml. */
const REGISTERED = `
import { type Model, ModelFactory } from "modelwright";
const factory = await ModelFactory.load();
factory.create("coder").codegen("Hello", { temperature: 1 });
// @ts-expect-error a name that models.toml does not have
factory.create("codre");
const ask = (model: Model) => model.codegen("Hello", { stop: "END" });
ask(factory.create("thinker"));
ModelFactory.parse("").create("any name");
export const thinker = factory.create("thinker");
`;

/** models.toml says that this is a gpt-5.1. */
const REFUSED = `
import { ModelFactory } from "modelwright";
const factory = await ModelFactory.load();
await factory.create("thinker").codegen("Hello", { temperature: 1 });
factory.create("thinkr");
`;

const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  dependencies: object;
  peerDependencies: object;
};
const DEPENDENCIES = Object.keys(dependencies);
/** Loaded only if models.toml asks for them. */
const OPTIONAL = Object.keys(peerDependencies);

/** What a file of the tarball imports, at once or later. */
function specifiersIn(path: string): string[] {
  if (!path.endsWith(".js")) return [];
  const text = readFileSync(join(consumer.folder, "node_modules/modelwright", path), "utf8");
  const imports = /^(?:import|\} from|import .* from|export .* from) ?"([^"]+)";$|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(imports)].map(([, now, later]) => now ?? later ?? "");
}

/** Of the last `node_modules` in the path: linked packages are loaded from their real place. */
function packageOf(url: string): string {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? url;
}
