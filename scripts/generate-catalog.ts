// Writes src/catalog/{models,prices}.generated.ts and prints what changed:
//   node scripts/generate-catalog.ts [--version VERSION | --from DIR] [--check]
// The data comes from the pinned version of a package; --version pins another one, such as "latest". Prices come from
// the installed @pydantic/genai-prices. DIR is the unpacked package. --check writes nothing and fails if the files are stale.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PI_PACKAGE, PI_VERSION } from "../src/catalog/generation/pinned-package.ts";
import { tableChanges } from "../src/catalog/generation/table-changes.ts";
import { buildTables, renderPrices, renderTables, type Tables } from "../src/catalog/generation/tables.ts";
import type { ModelRow } from "../src/catalog/model-row.ts";
import { MODEL_TABLES } from "../src/catalog/models.generated.ts";

const CATALOG = join(import.meta.dirname, "../src/catalog");
const PIN = join(CATALOG, "generation/pinned-package.ts");

/** Unpacks a version of the package into a temporary folder and returns the result of `use`. */
export function withPackage<T>(version: string, use: (directory: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-catalog-"));
  try {
    execFileSync(
      "npm",
      ["pack", `${PI_PACKAGE}@${version}`, "--silent", "--fetch-retries=0", "--fetch-timeout=20000"],
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

/** The tables from the pinned version. */
export const pinnedTables = (): Tables => withPackage(PI_VERSION, tablesIn);

function tablesIn(directory: string): Tables {
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { version: string };
  return buildTables(join(directory, "dist/providers/data"), manifest.version);
}

/** The generated files as pairs of path and content. */
export function filesOf(tables: Tables): readonly (readonly [path: string, text: string])[] {
  return [
    [join(CATALOG, "models.generated.ts"), renderTables(tables)],
    [join(CATALOG, "prices.generated.ts"), renderPrices(tables)],
  ];
}

export function isCurrent([path, text]: readonly [path: string, text: string]): boolean {
  return existsSync(path) && readFileSync(path, "utf8") === text;
}

function shippedRows(): ReadonlyMap<string, readonly ModelRow[]> {
  const tables = Object.entries(MODEL_TABLES);
  return new Map(tables.map(([provider, text]) => [provider, JSON.parse(text) as readonly ModelRow[]]));
}

function main(): void {
  const { values } = parseArgs({
    options: { version: { type: "string" }, from: { type: "string" }, check: { type: "boolean" } },
  });
  const tables =
    values.from === undefined ? withPackage(values.version ?? PI_VERSION, tablesIn) : tablesIn(values.from);
  for (const line of tableChanges(shippedRows(), tables.rows)) process.stdout.write(`${line}\n`);
  const files = filesOf(tables);
  if (values.check === true) {
    if (files.every(isCurrent)) return;
    process.stderr.write("src/catalog/*.generated.ts is stale: run npm run catalog\n");
    process.exitCode = 1;
    return;
  }
  for (const [path, text] of files) writeFileSync(path, text);
  const pin = readFileSync(PIN, "utf8");
  writeFileSync(PIN, pin.replace(`PI_VERSION = "${PI_VERSION}"`, `PI_VERSION = "${tables.modelsVersion}"`));
}

if (import.meta.main) main();
