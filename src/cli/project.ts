import { dirname, join, resolve } from "node:path";
import { loadDotEnv } from "../config/dotenv.ts";
import { type Config, loadConfig } from "../config/load.ts";
import { type FactoryOptions, type ModelDescription, ModelFactory } from "../index.ts";
import { PROVIDERS } from "./catalog.ts";
import type { CliContext } from "./context.ts";
import { withStandIns } from "./stand-ins.ts";

/** A models.toml and how to make factories of it. */
export interface Project {
  /** Full path. */
  readonly file: string;
  readonly config: Config;
  readonly factory: ModelFactory<Record<never, never>>;
  /** What an entry leads to, also when its key is not set. */
  describe(name: string): Promise<ModelDescription>;
  /** Another factory of the same file. */
  reopen(options: FactoryOptions): Promise<ModelFactory<Record<never, never>>>;
}

/**
 * The file of `--config`, MODELWRIGHT_CONFIG or the nearest models.toml, checked. Variables of a `.env` next to it are
 * added to the environment.
 * @throws ConfigError with every mistake of the file.
 */
export async function openProject(context: CliContext, path = context.flags.config): Promise<Project> {
  const { env, flags, io } = context;
  const file = await configFile(context, path);
  if (file !== undefined) loadDotEnv(join(dirname(file), ".env"), env);
  const shared = { env, ...(flags.profile !== undefined && { profile: flags.profile }) };
  const config = await loadConfig(file, { ...shared, cwd: io.cwd, ...FACTS });
  const full = resolve(io.cwd, config.file ?? "");
  const reopen = (options: FactoryOptions) => ModelFactory.load<Record<never, never>>(full, { ...shared, ...options });
  let complete: ReturnType<typeof reopen> | undefined;
  const describe = async (name: string) => {
    complete ??= reopen({ env: withStandIns(config, env) });
    return (await complete).describe(name);
  };
  return { file: full, config, factory: await reopen({}), describe, reopen };
}

/** Opens the project, lends it, and closes its factory whatever happens. */
export async function withProject<T>(context: CliContext, use: (project: Project) => Promise<T>): Promise<T> {
  const project = await openProject(context);
  try {
    return await use(project);
  } finally {
    await project.factory.close();
  }
}

async function configFile({ env, io }: CliContext, path: string | undefined): Promise<string | undefined> {
  const named = path ?? (env.MODELWRIGHT_CONFIG || undefined);
  if (named !== undefined) return resolve(io.cwd, named);
  const { findUp } = await import("find-up-simple");
  return findUp("models.toml", { cwd: io.cwd });
}

const FACTS = {
  dialects: ["openai", "openai-responses", "anthropic", "google"],
  providers: PROVIDERS.map(({ id, baseUrl, keyEnv }) => ({
    id,
    needsBaseUrl: baseUrl === undefined && id !== "vertex" && id !== "simulator",
    keyEnv,
  })),
};
