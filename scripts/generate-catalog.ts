// Writes src/catalog/{models,prices}.generated.ts: node scripts/generate-catalog.ts [--from DIR] [--check]
// DIR is an unpacked @earendil-works/pi-ai package. Default: the pinned tarball from the registry.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildTables, PI_PACKAGE, PI_VERSION, renderPrices, renderTables } from "../src/catalog/generation/tables.ts";

const CATALOG = join(import.meta.dirname, "../src/catalog");

/** Unpacks the pinned tarball into a temporary folder and returns the result of `use`. */
export function withPinnedPackage<T>(use: (directory: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-catalog-"));
  try {
    execFileSync(
      "npm",
      ["pack", `${PI_PACKAGE}@${PI_VERSION}`, "--silent", "--fetch-retries=0", "--fetch-timeout=20000"],
      {
        cwd: folder,
        stdio: "pipe",
      },
    );
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    execFileSync("tar", ["xzf", String(tarball)], { cwd: folder });
    return use(join(folder, "package"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The generated files as pairs of path and content. */
export function generate(directory: string): readonly (readonly [path: string, text: string])[] {
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { version: string };
  if (manifest.version !== PI_VERSION)
    throw new Error(`${directory} is ${manifest.version}, the catalog is made from ${PI_VERSION}`);
  const tables = buildTables(join(directory, "dist/providers/data"));
  return [
    [join(CATALOG, "models.generated.ts"), renderTables(tables)],
    [join(CATALOG, "prices.generated.ts"), renderPrices(tables)],
  ];
}

export function isCurrent([path, text]: readonly [path: string, text: string]): boolean {
  return existsSync(path) && readFileSync(path, "utf8") === text;
}

function main(): void {
  const { values } = parseArgs({ options: { from: { type: "string" }, check: { type: "boolean" } } });
  const files = values.from === undefined ? withPinnedPackage(generate) : generate(values.from);
  if (values.check !== true) {
    for (const [path, text] of files) writeFileSync(path, text);
    return;
  }
  if (files.every(isCurrent)) return;
  process.stderr.write("src/catalog/*.generated.ts is stale: run node scripts/generate-catalog.ts\n");
  process.exitCode = 1;
}

if (import.meta.main) main();
