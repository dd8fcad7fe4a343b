// Builds dist: declarations by the compiler, and code as a bundle of few files, because loading a module costs Node
// about as much as running it. Removes the output of earlier builds, which `npm pack` would publish.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** What package.json exports. */
const PUBLIC = ["index", "inject/index", "interop/ai-sdk", "interop/langchain", "gateway/index", "testing/index"];

const declarations = emitDeclarations();
if (declarations === undefined) process.exitCode = 1;
else {
  const outputs = await bundle();
  removeAllBut(new Set([...declarations, ...outputs.keys()]));
  for (const [path, text] of outputs) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Returns the written paths; undefined if there are type errors. */
function emitDeclarations() {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json", "--listEmittedFiles"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const EMITTED = "TSFILE: ";
  const lines = stdout.split(/\r?\n/);
  const messages = lines.filter((line) => line !== "" && !line.startsWith(EMITTED));
  if (messages.length > 0) console.error(messages.join("\n"));
  if (status !== 0) return undefined;
  return lines.filter((line) => line.startsWith(EMITTED)).map((line) => resolve(line.slice(EMITTED.length)));
}

/** The content of every code file, and the licenses of the bundled packages. */
async function bundle() {
  const common = {
    ...{ absWorkingDir: root, outbase: "src", outdir: "dist", write: false, metafile: true, preserveSymlinks: true },
    // The syntax level of tsconfig.json: an older Node must be able to parse the file in order to report its version.
    ...{ bundle: true, format: "esm", platform: "node", target: "es2023", logLevel: "warning" },
  };
  const thread = await build({ ...common, format: "cjs", entryPoints: ["src/stores/sqlite-worker.ts"] });
  const program = await build({
    ...common,
    plugins: [textInsteadOf("src/stores/sqlite-worker-file.ts", "SQLITE_WORKER", thread.outputFiles[0].text)],
    entryPoints: [...PUBLIC, "cli/main"].map((name) => `src/${name}.ts`),
    ...{ splitting: true, chunkNames: "chunks/[name]-[hash]" },
    // Dependencies stay external: SDKs and undici are loaded by the first call, @clack/prompts by `init`, pg by a ledger. cli-table3
    // uses @colors/colors, if installed, for borders; our tables have none.
    external: [...Object.keys({ ...dependencies, ...peerDependencies }), "@colors/colors"],
    // The import of core/require-node.ts, see below.
    logOverride: { "ignored-bare-import": "silent" },
  });
  const single = ["core/cache-folder", "core/node-version", "core/require-node"];
  const first = await build({ ...common, entryPoints: single.map((name) => `src/${name}.ts`) });
  const outputs = new Map([...first.outputFiles, ...program.outputFiles].map(({ path, text }) => [path, text]));
  for (const name of PUBLIC) {
    const path = join(dist, `${name}.js`);
    const levels = name.includes("/") ? ".." : ".";
    // Must be the first import: esbuild would put it after its chunks, which must not run on an older Node.
    outputs.set(path, `import "${levels}/core/require-node.js";\n${outputs.get(path)}`);
  }
  return outputs.set(join(dist, "licenses.txt"), licensesOf(program.metafile));
}

/** Threads start from text: bundlers of other programs would not copy a file that only its path names. */
function textInsteadOf(file, name, text) {
  const filter = new RegExp(`${file.replaceAll(/[/.]/g, (character) => (character === "/" ? "[\\\\/]" : "\\."))}$`);
  const contents = `export const ${name} = ${JSON.stringify(text)};`;
  return { name, setup: ({ onLoad }) => onLoad({ filter }, () => ({ contents })) };
}

function licensesOf({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(root, folder, file), "utf8").trim()}\n`;
  });
  return `The code in this folder contains code of these packages.\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

function removeAllBut(emitted) {
  for (const file of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !emitted.has(path)) rmSync(path);
  }
}
