import { resolve } from "node:path";
import { readSmallFile, UnreadableFile } from "./small-file.ts";

/** `env:NAME`, or `env:NAME:-default`. */
export const ENV_REFERENCE = /^env:[A-Z_][A-Z0-9_]*(:-.*)?$/;

/** The environment and folder in which references are looked up. */
export interface ReferenceSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that `file:` paths are relative to. Without it, `file:` is rejected. */
  readonly baseDir: string | undefined;
}

export type Resolved = { readonly value: string } | { readonly problem: string };

/**
 * Why a string that starts like a reference is malformed. Used only for credentials and addresses; anywhere else such a
 * string is ordinary text.
 */
export function malformedReference(value: string): string | undefined {
  if (!value.startsWith("env:") || value.startsWith("env::") || ENV_REFERENCE.test(value)) return undefined;
  return 'is not a valid reference: write "env:NAME" or "env:NAME:-default" with NAME in capitals, digits and _, or "env::…" for a string that starts with env:';
}

export function isReference(value: string): boolean {
  return ENV_REFERENCE.test(value) || value.startsWith("env::") || value.startsWith("file:");
}

/** Resolves a reference. Problems name the variable or file and never contain its value. */
export function resolveReference(value: string, source: ReferenceSource): Resolved {
  if (value.startsWith("env::") || value.startsWith("file::")) return { value: value.replace("::", ":") };
  if (ENV_REFERENCE.test(value)) return fromEnvironment(value, source);
  if (value.startsWith("file:")) return fromFile(value.slice("file:".length), source.baseDir);
  return { value };
}

/** Whether a problem is that something does not exist here; it may exist where the file is used. */
export function isUnset(problem: string): boolean {
  return /environment variable \S+ is (not set|empty)|file not found: /.test(problem);
}

function fromEnvironment(reference: string, source: ReferenceSource): Resolved {
  const split = reference.indexOf(":-");
  const name = reference.slice("env:".length, split < 0 ? undefined : split);
  const set = (source.env[name] ?? "").trim();
  if (set !== "") return { value: set };
  if (split >= 0) return { value: reference.slice(split + 2) };
  const state = source.env[name] === undefined ? "is not set" : "is empty";
  return { problem: `the environment variable ${name} ${state}` };
}

function fromFile(path: string, baseDir: string | undefined): Resolved {
  if (baseDir === undefined) return { problem: `"file:${path}" needs baseDir, the directory it is relative to` };
  try {
    return { value: withoutLastLines(readSmallFile(resolve(baseDir, path))) };
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    return { problem: error.isMissing ? `file not found: ${path}` : `the file ${path} ${error.message}` };
  }
}

function withoutLastLines(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\n") end -= text[end - 2] === "\r" ? 2 : 1;
  return text.slice(0, end);
}
