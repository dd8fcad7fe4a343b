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
  /** Path for messages. */
  readonly file?: string | undefined;
  /** Folder that `file:` and other paths are relative to. Without it, `file:` is rejected. */
  readonly baseDir?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The environment of the process, if `env` is another one: misspelled switches are errors there too. */
  readonly processEnv?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: MODELWRIGHT_PROFILE of `env`. */
  readonly profile?: string | undefined;
  /** Simulates every entry, whatever its provider. Default: MODELWRIGHT_SIMULATE of `env`. */
  readonly simulate?: boolean | undefined;
}

/** Whether MODELWRIGHT_SIMULATE is on. Anything but an explicit no counts, because real calls cost money. */
export function simulationRequested(env: ParseOptions["env"]): boolean {
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
 * Parses a models.toml. References such as "env:NAME" are looked up only when an entry is resolved.
 * @throws ConfigError with every error of the file and its position.
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
  const simulate = options.simulate === true || simulationRequested(options.env);
  const view = new View(files, overlaid.profile, overrides.sources, simulate ? SIMULATED : []);
  // A program may parse several TOML strings, so a variable may be meant for another one. With a file, it cannot.
  const unknownVariables =
    options.file === undefined ? [] : [...overrides.findings, ...misspelledSwitches(options.processEnv ?? {})];
  const findings = [...unknownVariables, ...findErrors(view, options)];
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
  // For the same reason, only a file must have the profile named by the environment.
  if (options.profile === undefined && options.file === undefined) return undefined;
  const list = profiles.length === 0 ? "this file has none" : `known profiles: ${profiles.join(", ")}`;
  const suggestion = nearest(profile, profiles);
  const message = `unknown profile "${profile}"; ${list}`;
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

function findErrors(view: View, options: ParseOptions): Finding[] {
  const sources = [...view.files, ...view.variables];
  const inspected = sources.flatMap((source) => inspectWithin(source, options));
  const unquoted = sources.flatMap((source) =>
    unquotedNames(source.document).map((finding) => ({ ...finding, source })),
  );
  const others = [...inspected, ...crossCheck(view, options), ...sources.flatMap(schemaFindings)];
  if (unquoted.length === 0) return others;
  // In a table with an unquoted dotted name, all other errors follow from the name.
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
