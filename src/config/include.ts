import * as fs from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "smol-toml";
import { ConfigError, type ConfigProblem } from "../core/config-error.ts";
import { MAX_TEXT_CHARS, TOO_DEEP, TOO_MANY_KEYS } from "./limits.ts";
import { type ReferenceSource, resolveReference } from "./references.ts";
import { readSmallFile, UnreadableFile } from "./small-file.ts";
import { TextSource } from "./source.ts";
import { syntaxProblem } from "./syntax-problem.ts";
import { isTable, type Table } from "./table.ts";
import { costlyText } from "./text-limits.ts";

/** TOML that is not parsed yet. */
interface UnparsedFile {
  readonly text: string;
  /** The path for messages. */
  readonly file: string | undefined;
  /** Folder that its relative paths start from. */
  readonly folder: string | undefined;
  /** Real paths of the including files, then its own. */
  readonly chain: readonly string[];
}

/** More files than this mean a wrong pattern. */
const MAX_FILES = 100;

/** Above the limit in limits.ts, so that its error is reported instead of the parser's. */
const MAX_INLINE_DEPTH = 64;

/**
 * Parses TOML and all files it includes. A file comes after those it includes, so that later ones win.
 * @throws ConfigError with all errors that keep the files from being read.
 */
export function readSources(
  text: string,
  {
    file,
    baseDir,
    env,
  }: Pick<ReferenceSource, "env"> & {
    readonly file?: string | undefined;
    readonly baseDir?: string | undefined;
  },
): Sources {
  const reading = new Reading(baseDir, env);
  const chain = file === undefined || baseDir === undefined ? [] : [realPathOf(resolve(baseDir, basename(file)))];
  reading.read({ text, file, folder: baseDir, chain });
  if (reading.problems.length > 0) throw new ConfigError(reading.problems);
  return { files: reading.sources, folders: [...reading.folders] };
}

export interface Sources {
  readonly files: readonly TextSource[];
  /** Folders in which an included file may change or a new file may match a pattern. */
  readonly folders: readonly string[];
}

class Reading {
  readonly sources: TextSource[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly folders = new Set<string>();
  readonly #mainFolder: string | undefined;
  readonly #env: ReferenceSource["env"];
  readonly #read = new Set<string>();
  #chars = 0;

  constructor(mainFolder: string | undefined, env: ReferenceSource["env"]) {
    this.#mainFolder = mainFolder;
    this.#env = env;
  }

  read(unparsed: UnparsedFile): void {
    const document = this.#parse(unparsed);
    if (document === undefined) return;
    const { file, text, folder } = unparsed;
    if (folder !== undefined) this.folders.add(folder);
    const moved = folder === undefined || folder === this.#mainFolder ? document : rebased(document, folder);
    const source = new TextSource(file, withoutMark(text), moved);
    if (Array.isArray(document.include)) {
      document.include.forEach((pattern: unknown, index) => {
        if (typeof pattern !== "string" || pattern === "") return;
        for (const problem of this.#include(pattern, unparsed)) {
          const path = ["include", index];
          this.problems.push({ ...source.place({ path, at: "value" }), path: `include[${index}]`, message: problem });
        }
      });
    }
    this.sources.push(source);
  }

  #parse({ text, file }: UnparsedFile): Table | undefined {
    this.#chars += text.length;
    const refusal =
      refusalOf(text) ?? (this.#chars > MAX_TEXT_CHARS ? "the files are larger than 1 MiB together" : undefined);
    try {
      if (refusal === undefined) return parse(withoutMark(text), { maxDepth: MAX_INLINE_DEPTH });
      this.problems.push({ file, line: 1, column: 1, path: "", message: refusal });
    } catch (error) {
      this.problems.push(syntaxProblem(error, withoutMark(text), file));
    }
    return undefined;
  }

  /** Reads the files that match a pattern; returns its errors. */
  #include(pattern: string, { file, folder, chain }: UnparsedFile): string[] {
    if (folder === undefined) return [`"include" needs baseDir, the directory that it is relative to`];
    const resolved = pattern.startsWith("file:")
      ? { problem: '"include" takes paths as they are, without "file:"' }
      : resolveReference(pattern, { env: this.#env, baseDir: folder });
    if ("problem" in resolved) return [resolved.problem];
    const [plain = ""] = resolved.value.split(PATTERN, 1);
    if (plain !== resolved.value)
      this.folders.add(resolve(folder, plain.endsWith("/") || plain === "" ? plain : dirname(plain)));
    const paths = PATTERN.test(resolved.value) ? fs.globSync(resolved.value, { cwd: folder }).sort() : [resolved.value];
    if (paths.length === 0) return [`no file matches ${JSON.stringify(resolved.value)}`];
    return paths.flatMap((path) => {
      const full = realPathOf(resolve(folder, path));
      if (chain.includes(full)) return PATTERN.test(resolved.value) ? [] : [cycle([...chain, full])];
      if (this.#read.has(full)) return [];
      if (this.#read.size === MAX_FILES) return [`it includes more than ${MAX_FILES} files`];
      this.#read.add(full);
      const shown = isAbsolute(path) ? path : join(dirname(file ?? "models.toml"), path);
      try {
        this.read({ text: readSmallFile(full), file: shown, folder: dirname(full), chain: [...chain, full] });
        return [];
      } catch (error) {
        if (!(error instanceof UnreadableFile)) throw error;
        return [error.isMissing ? `file not found: ${shown}` : `the file ${shown} ${error.message}`];
      }
    });
  }
}

const PATTERN = /[*?[{]/;

function cycle(chain: readonly string[]): string {
  const from = chain.indexOf(chain.at(-1) as string);
  return `"include" is cyclic: ${chain
    .slice(from)
    .map((path) => basename(path))
    .join(" -> ")}`;
}

/** Resolves links, so that each file is read once. A path that does not exist is returned unchanged. */
function realPathOf(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path;
  }
}

function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

function refusalOf(text: string): string | undefined {
  if (text.length > MAX_TEXT_CHARS) return "the file is larger than 1 MiB";
  const costly = costlyText(text);
  return costly && (costly === "keys" ? TOO_MANY_KEYS : TOO_DEEP);
}

/** Makes the relative paths of a file in another folder absolute. */
function rebased<T>(value: T, folder: string): T {
  if (Array.isArray(value)) return value.map((inner: unknown) => rebased(inner, folder)) as T;
  if (typeof value === "string" && /^file:(?!:)/.test(value)) return `file:${resolve(folder, value.slice(5))}` as T;
  if (!isTable(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    key === "ca_file" && typeof inner === "string" ? resolve(folder, inner) : rebased(inner, folder),
  ]);
  return Object.fromEntries(entries) as T;
}
