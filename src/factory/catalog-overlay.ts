import { resolve } from "node:path";
import { CachedCatalog, catalogPath, UnreadableCatalog } from "../catalog/cached-catalog.ts";
import type { ModelTable, Overlay } from "../catalog/table.ts";
import { COMMAND } from "../core/command.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Logger } from "../core/logger.ts";
import type { FactoryOptions } from "./options.ts";

/** The facts that `modelwright catalog update` downloaded, if the factory uses them. */
export function overlayFor(
  { catalog, env = process.env }: FactoryOptions,
  readsFiles: boolean,
  logger: Logger,
): Overlay | undefined {
  if (catalog === false) return undefined;
  if (catalog !== undefined) return named(resolve(catalog), logger);
  const path = readsFiles ? catalogPath(env) : undefined;
  return path === undefined ? undefined : new CacheOverlay(path, logger);
}

/** A configured file must exist. */
function named(path: string, logger: Logger): Overlay {
  try {
    return new CacheOverlay(path, logger, CachedCatalog.read(path));
  } catch (cause) {
    if (!(cause instanceof UnreadableCatalog)) throw cause;
    const message = `options.catalog: the cached catalog ${path} ${cause.message}`;
    throw new ConfigError([{ file: undefined, line: 0, column: 0, path: "catalog", message }], { cause });
  }
}

/** Read on first use; an unreadable file never fails a call. */
class CacheOverlay implements Overlay {
  readonly #path: string;
  readonly #logger: Logger;
  #catalog: CachedCatalog | undefined;
  #isRead: boolean;

  constructor(path: string, logger: Logger, catalog?: CachedCatalog) {
    this.#path = path;
    this.#logger = logger;
    this.#catalog = catalog;
    this.#isRead = catalog !== undefined;
  }

  get newer(): boolean {
    return this.#read()?.newer ?? false;
  }

  get asOf(): string | undefined {
    return this.#read()?.asOf;
  }

  table(providerId: string): ModelTable | undefined {
    return this.#try(() => this.#read()?.table(providerId));
  }

  names(): readonly string[] {
    return this.#read()?.names() ?? [];
  }

  #read(): CachedCatalog | undefined {
    if (this.#isRead) return this.#catalog;
    this.#isRead = true;
    this.#catalog = this.#try(() => CachedCatalog.read(this.#path));
    return this.#catalog;
  }

  /** A damaged file is reported once and then ignored. */
  #try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UnreadableCatalog)) throw error;
      this.#catalog = undefined;
      if (!error.isMissing)
        this.#logger.warn("cached catalog ignored", {
          path: this.#path,
          reason: error.message,
          help: `${COMMAND} catalog update`,
        });
      return undefined;
    }
  }
}
