import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

/** A fenced block of a page. */
export interface Block {
  /** Path in the repository. */
  readonly page: string;
  /** 1-based line of the opening fence. */
  readonly line: number;
  readonly language: string;
  /** What follows the language: `no-run`, `file=models.toml`, … */
  readonly flags: readonly string[];
  readonly text: string;
}

export const PAGES: readonly string[] = ["README.md", ...globSync("docs/**/*.md", { cwd: ROOT })]
  .map((path) => path.replaceAll("\\", "/"))
  .sort();

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

const FENCE = /^```([a-z]*)([^\n]*)\n([\s\S]*?)^```$/gm;

export function blocksOf(page: string): readonly Block[] {
  const text = readPage(page);
  return [...text.matchAll(FENCE)].map(({ 1: language = "", 2: info = "", 3: body = "", index }) => ({
    page,
    line: text.slice(0, index).split("\n").length,
    language,
    flags: info
      .trim()
      .split(/\s+/)
      .filter((flag) => flag !== ""),
    text: body,
  }));
}

export function fileOf({ flags }: Block): string | undefined {
  return flags.find((flag) => flag.startsWith("file="))?.slice("file=".length);
}

export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}
