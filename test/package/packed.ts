import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

export interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

/** An empty project with the package in it, as `npm install` of the tarball leaves it. */
export interface Consumer {
  readonly folder: string;
  readonly files: readonly PackedFile[];
  write(name: string, text: string): void;
  /** Runs a file of the project with this Node. */
  node(...args: string[]): Outcome;
  remove(): void;
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The package as npm would publish it, unpacked; its dependencies are those of this repository. */
export function installPacked(): Consumer {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-package-"));
  const { filename, files } = pack(folder);
  const home = join(folder, "node_modules/modelwright");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["xzf", join(folder, filename), "--strip-components=1", "-C", home]);
  linkDependencies(home, folder);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write("package.json", JSON.stringify({ type: "module", private: true }));
  return {
    folder,
    files,
    write,
    node: (...args) => run(args, folder),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function run(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8", env });
  return { status, stdout, stderr };
}

function pack(folder: string): { filename: string; files: readonly PackedFile[] } {
  if (isStale()) run(["scripts/build.mjs"], ROOT);
  const text = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const parsed: unknown = JSON.parse(text);
  const [packed] = Object.values(parsed as object) as { filename: string; files: PackedFile[] }[];
  if (packed === undefined) throw new Error("npm pack said nothing");
  return packed;
}

/** An older build would prove the wrong package. */
function isStale(): boolean {
  const built = join(ROOT, "dist/index.js");
  if (!existsSync(built)) return true;
  const since = statSync(built).mtimeMs;
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  return sources.some((path) => statSync(join(ROOT, "src", path)).mtimeMs > since);
}

function linkDependencies(home: string, folder: string): void {
  const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { dependencies: object };
  // zod and the types of Node are the project's own, as docs/guide/start.md says.
  for (const name of [...Object.keys(dependencies), "zod", "@types/node"]) {
    const place = join(folder, "node_modules", name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), place, "junction");
  }
}
