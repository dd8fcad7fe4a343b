import { fileURLToPath } from "node:url";
import { findConfigFile } from "../config/find-config-file.ts";
import type { Config } from "../config/load.ts";
import { VARIABLES } from "../config/variables.ts";
import { configOf } from "../factory/factory.ts";
import { ModelFactory } from "../index.ts";
import { Keys } from "./credentials.ts";
import { Names } from "./names.ts";
import type { ServedFactory } from "./served-factory.ts";

/** What requests are answered with. */
export interface Served {
  readonly config: Config;
  readonly names: Names;
  readonly keys: Keys;
}

/** The factory of a gateway: a given one, or one that is loaded for the first request. */
export class Source {
  readonly #given: ServedFactory | undefined;
  readonly #path: string | undefined;
  readonly #startedS: number;
  #loading: Promise<ServedFactory> | undefined;
  #served: Served | undefined;

  constructor(given: ServedFactory | undefined, path: string | undefined, startedMs: number) {
    this.#given = given;
    this.#path = path;
    this.#startedS = Math.floor(startedMs / 1000);
  }

  /** @throws ConfigError for an invalid file. It is read again for the next request. */
  async get(): Promise<Served> {
    const factory = this.#given ?? (await this.#loaded());
    const config = configOf(factory) as Config;
    if (this.#served?.config !== config)
      this.#served = {
        config,
        names: new Names(factory, config, this.#startedS),
        keys: new Keys(config.gateway.keys),
      };
    return this.#served;
  }

  /** Closes a factory that was loaded here. */
  async close(): Promise<void> {
    const factory = await this.#loading?.catch(() => undefined);
    await factory?.close();
  }

  #loaded(): Promise<ServedFactory> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<ServedFactory> {
    return ModelFactory.load<Record<never, never>>(this.#path ?? (await configFile()));
  }
}

/** The file that the library would find; without one, the example of this package, whose models are simulated. */
async function configFile(): Promise<string> {
  const named = process.env[VARIABLES.config];
  return named || ((await findConfigFile(process.cwd())) ?? exampleFile());
}

/** The models.toml of this package. Its relative path is the same from src and dist. */
export function exampleFile(): string {
  return fileURLToPath(new URL("../../models.toml", import.meta.url));
}
