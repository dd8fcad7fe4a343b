import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Bottom floor first. Imports go down only, and rooms of the middle floor do not import each other. */
export const FLOORS: readonly (readonly string[])[] = [
  [],
  ["core"],
  ["config", "catalog", "dialects", "transport", "layers", "stores", "ledger"],
  ["model", "simulator"],
  ["target"],
  ["factory"],
  ["index.ts"],
  ["cli", "gateway", "inject", "interop", "testing"],
];
export const MIDDLE = 2;
export const TOP = FLOORS.length - 1;

export interface Import {
  readonly from: string;
  /** Path relative to the root for our own files, otherwise the package name. */
  readonly to: string;
  readonly own: boolean;
  readonly kind: "type" | "static" | "lazy";
}

/** The source files, relative to the root. */
export const FILES = globSync("src/**/*.ts", { cwd: ROOT })
  .map((file) => file.replaceAll("\\", "/"))
  .sort();

/** All imports of the source files, including types. */
export const IMPORTS: readonly Import[] = FILES.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const found: Import[] = [];
  for (const [, clause = "", specifier = ""] of text.matchAll(/^(?:import|export)\s+([^;]*?)\s*from\s+"([^"]+)"/gm))
    found.push(target(file, specifier, isOnlyTypes(clause) ? "type" : "static"));
  for (const [, specifier = ""] of text.matchAll(/\bimport\("([^"]+)"\)(?!\.\w+\s*[>;,)=])/g))
    found.push(target(file, specifier, "lazy"));
  for (const [, specifier = ""] of text.matchAll(/^import\s+"([^"]+)"/gm))
    found.push(target(file, specifier, "static"));
  return found;
}

function isOnlyTypes(clause: string): boolean {
  if (clause.startsWith("type ")) return true;
  const names = clause.startsWith("{") ? clause.slice(1, -1).split(",") : [];
  return names.length > 0 && names.every((name) => name.trim() === "" || name.trim().startsWith("type "));
}

function target(from: string, specifier: string, kind: Import["kind"]): Import {
  if (specifier.startsWith("."))
    return { from, kind, own: true, to: normalize(join(dirname(from), specifier)).replaceAll("\\", "/") };
  const steps = specifier.startsWith("@") ? 2 : 1;
  return { from, kind, own: false, to: specifier.split("/").slice(0, steps).join("/") };
}

export function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

export function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
}

/** Import cycles, each as its files in order. */
export function cycles(edges: readonly Pick<Import, "from" | "to">[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, "open");
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    state.set(file, "done");
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}
