import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { ROOT, run } from "./packed.ts";

const GUARD = join(ROOT, "scripts/guard.mjs");

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-scripts-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The guard as an older Node runs it. */
function guardUnder(version: string) {
  const disguise = join(temporaryFolder(), "disguise.mjs");
  const lines = [
    `Object.defineProperty(process, "version", { value: "v${version}" });`,
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`,
  ];
  writeFileSync(disguise, lines.join("\n"));
  return run(["--import", pathToFileURL(disguise).href, GUARD], ROOT);
}

describe("the guard before demo and test", () => {
  it("is silent on this Node", () => {
    expect(run([GUARD], ROOT)).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it.each(["22.19.0", "22.20.1", "24.0.0", "26.3.0"])("lets Node %s pass", (version) => {
    expect(guardUnder(version)).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it.each(["18.20.4", "20.20.2", "22.18.0"])("stops Node %s and says what to do", (version) => {
    const { status, stdout, stderr } = guardUnder(version);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(`this is v${version}`);
    expect(stderr).toContain("nothing is installed yet:              npm ci\n");
    expect(stderr).toContain("npm ci --ignore-scripts=false");
    expect(stderr).toContain("NODE_ENV=development npm ci");
  });

  it("is plain JavaScript that an old Node can read", () => {
    const text = readFileSync(GUARD, "utf8");
    expect(text).not.toMatch(/\bimport\b|\?\?=|\busing\b|#\w+\s*[=;]/);
  });

  it("comes first in the scripts a newcomer runs", () => {
    const { scripts } = manifest<{ scripts: Record<string, string> }>("package.json");
    for (const name of ["demo", "test", "test:all"]) expect(scripts[name]).toMatch(/^node scripts\/guard\.mjs && /);
  });
});

describe("prepare", () => {
  it("does nothing, and does not fail, where the compiler is not installed", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "scripts"));
    for (const name of ["prepare.mjs", "build.mjs"])
      copyFileSync(join(ROOT, "scripts", name), join(folder, "scripts", name));
    expect(run(["scripts/prepare.mjs"], folder)).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(existsSync(join(folder, "dist"))).toBe(false);
  });
});

describe("the lock file", () => {
  const { packages } = manifest<{ packages: Record<string, Locked> }>("package-lock.json");

  it("agrees with package.json", () => {
    const { dependencies, devDependencies, engines } = manifest<Locked>("package.json");
    expect(packages[""]).toMatchObject({ dependencies, devDependencies, engines });
  });

  it("has an entry for every optional package, or npm ci refuses it", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !placesOf(name, path).some((place) => place in packages)),
    );
    expect(missing).toEqual([]);
  });

  it("points to no registry of its own", () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
  readonly resolved?: string;
}

function manifest<T>(name: string): T {
  return JSON.parse(readFileSync(join(ROOT, name), "utf8")) as T;
}

/** Where a package that the one at `path` asks for may lie. */
function placesOf(name: string, path: string): string[] {
  const folders = path.split("/node_modules/").map((_, index, all) => all.slice(0, index + 1).join("/node_modules/"));
  return ["", ...folders].map((folder) => (folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`));
}
