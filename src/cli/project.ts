import { dirname, join, resolve } from "node:path";
import { loadDotEnv } from "../config/dotenv.ts";
import { findConfigFile } from "../config/find-config-file.ts";
import { type Config, loadConfig } from "../config/load.ts";
import { VARIABLES } from "../config/variables.ts";
import { COMMAND } from "../core/command.ts";
import { WIRE_NAMES } from "../core/wire-name.ts";
import { type FactoryOptions, type ModelDescription, ModelFactory } from "../index.ts";
import { PROVIDER_HINTS } from "./catalog.ts";
import type { CliContext } from "./context.ts";
import { withStandIns } from "./stand-ins.ts";

/** A valid models.toml. */
export interface CheckedFile {
  /** Full path. */
  readonly file: string;
  readonly config: Config;
}

/** A models.toml with a factory. */
export interface Project extends CheckedFile {
  readonly factory: ModelFactory<Record<never, never>>;
  /** Describes an entry, even if its key is not set. */
  describe(name: string): Promise<ModelDescription>;
  /** Creates another factory from the same file. */
  reopen(options: FactoryOptions): Promise<ModelFactory<Record<never, never>>>;
}

export interface Opening {
  readonly path?: string | undefined;
  /** For commands that only look at the file: nothing that it names is opened or written. */
  readonly readOnly?: boolean;
}

/**
 * Opens the file named by `--config` or MODELWRIGHT_CONFIG, or the nearest models.toml. Adds the variables of a `.env`
 * next to it to the environment.
 * @throws ConfigError with every error of the file.
 */
export async function openProject(
  context: CliContext,
  { path = context.flags.config, readOnly = false }: Opening = {},
): Promise<Project> {
  const { env } = context;
  const { file, config } = await openFile(context, path);
  const shared = { ...sharedOptions(context), readOnly };
  const reopen = (options: FactoryOptions) => ModelFactory.load<Record<never, never>>(file, { ...shared, ...options });
  let complete: ReturnType<typeof reopen> | undefined;
  const describe = async (name: string) => {
    complete ??= reopen({ env: withStandIns(config, env) });
    return (await complete).describe(name);
  };
  return { file, config, factory: await reopen({}), describe, reopen };
}

/**
 * Opens the same file without a factory.
 * @throws ConfigError with every error of the file.
 */
export async function openFile(context: CliContext, path = context.flags.config): Promise<CheckedFile> {
  const { env, io } = context;
  const file = await configFile(context, path);
  if (file !== undefined) loadDotEnv(join(dirname(file), ".env"), env);
  const config = await loadConfig(file, { ...sharedOptions(context), cwd: io.cwd, help: HELP, ...FACTS });
  return { file: resolve(io.cwd, config.file ?? ""), config };
}

function sharedOptions({
  env,
  flags,
  io: { now },
}: CliContext): Pick<FactoryOptions, "profile" | "clock" | "embed"> & Pick<CliContext, "env"> {
  return {
    env,
    // Only a program can bring the function that the semantic cache needs.
    embed: false,
    ...(flags.profile !== undefined && { profile: flags.profile }),
    ...(now !== undefined && { clock: { now } }),
  };
}

/** Calls `use` with the project and closes its factory afterwards. */
export async function withProject<T>(
  context: CliContext,
  use: (project: Project) => Promise<T>,
  opening: Opening = {},
): Promise<T> {
  const project = await openProject(context, opening);
  try {
    return await use(project);
  } finally {
    await project.factory.close();
  }
}

/** The full path of the file, which may not exist; `undefined` if none is named and none is found. */
export async function configFile({ env, io, flags }: CliContext, path = flags.config): Promise<string | undefined> {
  const named = path ?? (env[VARIABLES.config] || undefined);
  if (named !== undefined) return resolve(io.cwd, named);
  return findConfigFile(io.cwd);
}

const HELP = `name it with --config FILE or MODELWRIGHT_CONFIG, or write one with "${COMMAND} init"`;

const FACTS = { dialects: WIRE_NAMES, providers: PROVIDER_HINTS };

/** `withProject` for commands that only look at the file. */
export function lookAtProject<T>(context: CliContext, use: (project: Project) => Promise<T>): Promise<T> {
  return withProject(context, use, { readOnly: true });
}
