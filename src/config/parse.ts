import { ConfigError } from "../core/config-error.ts";
import { nearest } from "../core/suggest.ts";
import { crossCheck } from "./checks.ts";
import { type Config, ParsedConfig } from "./config.ts";
import { readSources } from "./include.ts";
import { SIMULATOR, type SourceTable } from "./layering.ts";
import { type Finding, inspect, LimitReached } from "./limits.ts";
import { overridesIn } from "./overrides.ts";
import type { Path } from "./positions.ts";
import { configErrorOf } from "./problems.ts";
import type { Facts } from "./provider-checks.ts";
import { configSchema } from "./schema.ts";
import { findingsOf } from "./schema-problem.ts";
import { type Source, VariableSource } from "./source.ts";
import { unquotedNames } from "./unquoted-names.ts";
import { misspelledSwitches, VARIABLES } from "./variables.ts";
import { View } from "./view.ts";

export interface ParseOptions extends Facts {
  /** Shown in messages. */
  readonly file?: string | undefined;
  /** Folder that `file:` and other paths are relative to; without it `file:` is refused. */
  readonly baseDir?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process's own, if `env` is another: a misspelled switch is an error there too. */
  readonly processEnv?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: MODELWRIGHT_PROFILE of `env`. */
  readonly profile?: string | undefined;
  /** Every entry leads to the simulator, whatever the file says. Default: MODELWRIGHT_SIMULATE of `env`. */
  readonly simulate?: boolean | undefined;
}

/** Whether the environment asks for the simulator: anything but an explicit no, because the other error costs money. */
export function asksToSimulate(env: ParseOptions["env"]): boolean {
  return !["", "0", "false", "no", "off"].includes((env[VARIABLES.simulate] ?? "").trim().toLowerCase());
}

const SIMULATED: readonly SourceTable[] = [
  {
    kind: "environment",
    source: new VariableSource(VARIABLES.simulate, { provider: SIMULATOR }),
    path: [],
    table: { provider: SIMULATOR },
    foreign: false,
  },
];

/**
 * Reads the text of a models.toml. References such as "env:NAME" are looked up only when an entry is resolved.
 * @throws ConfigError with every mistake of the file, each with its place.
 */
export function parseConfig(text: string, options: ParseOptions): Config {
  const { files, folders } = readSources(text, options);
  const whole = new View(files, undefined);
  const { profiles } = whole;
  const overlaid = whole.under(chosenProfile(options, profiles));
  const overrides = overridesIn(options.env, {
    ...knownNames(overlaid, options),
    isReferenced: (variable) => files.some((one) => refersTo(one.text, variable)),
  });
  const simulate = options.simulate === true || asksToSimulate(options.env);
  const view = new View(files, overlaid.profile, overrides.sources, simulate ? SIMULATED : []);
  // TOML that a program passes as a string may be one of several; variables may be meant for another. A file is the only one.
  const strangers =
    options.file === undefined ? [] : [...overrides.findings, ...misspelledSwitches(options.processEnv ?? {})];
  const findings = [...strangers, ...findMistakes(view, options)];
  if (findings.length > 0) throw configErrorOf(findings, (finding) => view.place(finding));
  const { file, env, baseDir, providers } = options;
  return new ParsedConfig({
    file,
    folders,
    text: files.map((one) => one.text),
    view,
    profiles,
    providers,
    source: { env, baseDir },
  });
}

function knownNames(view: View, { providers }: Facts) {
  const written = view.namesAt("providers");
  return { models: view.names(), providers: [...new Set([...written, ...providers.map(({ id }) => id)])] };
}

function refersTo(text: string, variable: string): boolean {
  return text.split(`env:${variable}`).some((after, index) => index > 0 && !/^[A-Z0-9_]/.test(after));
}

function chosenProfile(options: ParseOptions, profiles: readonly string[]): string | undefined {
  const profile = options.profile ?? options.env[VARIABLES.profile];
  if (profile === undefined || profile === "") return undefined;
  if (profiles.includes(profile)) return profile;
  // TOML passed as a string need not have the profile that the environment names; a file must.
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

function findMistakes(view: View, options: ParseOptions): Finding[] {
  const sources = [...view.files, ...view.variables];
  const inspected = sources.flatMap((source) => inspectWithin(source, options));
  const unquoted = sources.flatMap((source) =>
    unquotedNames(source.document).map((finding) => ({ ...finding, source })),
  );
  const others = [...inspected, ...crossCheck(view, options), ...sources.flatMap(schemaFindings)];
  if (unquoted.length === 0) return others;
  // What else is wrong with a table whose name fell apart says nothing: only the name is.
  return [...unquoted, ...others.filter(({ path }) => !unquoted.some((name) => startsWith(path, name.path)))];
}

function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((step, index) => path[index] === step);
}

function schemaFindings(source: Source): readonly Finding[] {
  const result = configSchema.safeParse(source.document);
  return result.success
    ? []
    : findingsOf(result.error.issues, source.document).map((finding) => ({ ...finding, source }));
}

function inspectWithin(source: Source, { baseDir }: ParseOptions): readonly Finding[] {
  try {
    return inspect(source.document, baseDir).map((finding) => ({ ...finding, source }));
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    throw configErrorOf([error.finding], (finding) => source.roughPlace(finding));
  }
}
