import { parse } from "smol-toml";
import { ConfigError } from "../core/error.ts";
import { crossCheck, profilesOf } from "./checks.ts";
import { type Config, configErrorOf, ParsedConfig, placeIn } from "./config.ts";
import { View } from "./layering.ts";
import { type Finding, inspect, LimitReached, MAX_TEXT_CHARS, type Table, TOO_DEEP, TOO_MANY_KEYS } from "./limits.ts";
import { readPositions } from "./positions.ts";
import type { Facts } from "./provider-checks.ts";
import { configSchema } from "./schema.ts";
import { findingsOf } from "./schema-problem.ts";
import { nearest } from "./suggest.ts";
import { syntaxProblem } from "./syntax-problem.ts";
import { costlyText } from "./text-limits.ts";

export interface ParseOptions extends Facts {
  /** Shown in messages. */
  readonly file?: string | undefined;
  /** Folder that `file:` and other paths are relative to; without it `file:` is refused. */
  readonly baseDir?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: MODELWRIGHT_PROFILE of `env`. */
  readonly profile?: string | undefined;
}

/**
 * Reads the text of a models.toml. References such as "env:NAME" are looked up only when an entry is resolved.
 * @throws ConfigError with every mistake of the file, each with its place.
 */
export function parseConfig(text: string, options: ParseOptions): Config {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const document = readDocument(source, options.file);
  const profiles = profilesOf(document);
  const view = new View(document, chosenProfile(options, profiles));
  const findings = findMistakes(view, options, source);
  if (findings.length > 0) {
    const positions = readPositions(source);
    throw configErrorOf(findings, options.file, (finding) => placeIn(positions, finding));
  }
  const { file, env, baseDir, providers } = options;
  return new ParsedConfig({ text: source, file, view, profiles, providers, source: { env, baseDir } });
}

function readDocument(text: string, file: string | undefined): Table {
  if (text.length > MAX_TEXT_CHARS) throw refusal("the file is larger than 1 MiB", file);
  const costly = costlyText(text);
  if (costly !== undefined) throw refusal(costly === "keys" ? TOO_MANY_KEYS : TOO_DEEP, file);
  try {
    return parse(text, { maxDepth: MAX_INLINE_DEPTH });
  } catch (error) {
    throw new ConfigError([syntaxProblem(error, text, file)]);
  }
}

/** More than limits.ts allows, so that its message is the one to be seen. */
const MAX_INLINE_DEPTH = 64;

function refusal(message: string, file: string | undefined): ConfigError {
  return new ConfigError([{ file, line: 1, column: 1, path: "", message }]);
}

function chosenProfile(options: ParseOptions, profiles: readonly string[]): string | undefined {
  const profile = options.profile ?? options.env.MODELWRIGHT_PROFILE;
  if (profile === undefined || profile === "") return undefined;
  if (profiles.includes(profile)) return profile;
  // A text inside a program need not know the profile its environment names; a file does.
  if (options.profile === undefined && options.file === undefined) return undefined;
  const list = profiles.length === 0 ? "this file has none" : `there are ${profiles.join(", ")}`;
  const suggestion = nearest(profile, profiles);
  const message = `there is no profile "${profile}"; ${list}`;
  throw new ConfigError([
    {
      file: options.file,
      line: 0,
      column: 0,
      path: "profiles",
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    },
  ]);
}

function findMistakes(view: View, options: ParseOptions, text: string): Finding[] {
  const inspected = inspectWithin(view.document, options, text);
  const result = configSchema.safeParse(view.document);
  const schemaFindings = result.success ? [] : findingsOf(result.error.issues, view.document);
  return [...inspected, ...crossCheck(view, options), ...schemaFindings];
}

function inspectWithin(document: Table, { file, baseDir }: ParseOptions, text: string): Finding[] {
  try {
    return inspect(document, baseDir);
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    const isSmall = text.length <= LONGEST_LOCATED;
    const place = isSmall ? placeIn(readPositions(text), error.finding) : { line: 1, column: 1 };
    throw configErrorOf([error.finding], file, () => place);
  }
}

/** Looking for the place of a limit must not cost more than the limit saves. */
const LONGEST_LOCATED = 4_096;
