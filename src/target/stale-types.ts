import { dirname, join, resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { readSmallFile } from "../config/small-file.ts";
import { COMMAND } from "../core/command.ts";
import type { Logger } from "../core/logger.ts";
import { isRegisteredTypes, registeredTypes, sameTypes, TYPES_FILE, typeDifferences } from "./registered-types.ts";

/**
 * Warns during development if the modelwright.d.ts next to the file does not match it. Its own failures are ignored.
 */
export function warnOfStaleTypes(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): void {
  if (env.NODE_ENV === "production" || config.file === undefined) return;
  try {
    const path = join(dirname(resolve(config.file)), TYPES_FILE);
    const declared = readSmallFile(path);
    if (!isRegisteredTypes(declared)) return;
    const current = registeredTypes(config);
    if (sameTypes(declared, current) || WARNED.get(path) === current) return;
    WARNED.set(path, current);
    const differences = Object.entries(typeDifferences(declared, current)).filter(([, names]) => names.length > 0);
    logger.warn(`${TYPES_FILE} is stale`, {
      ...Object.fromEntries(differences.map(([kind, names]) => [kind, fewOf(names)])),
      help: `${COMMAND} types`,
    });
  } catch {
    // Most often there is no such file.
  }
}

/** Warnings that were logged, because a program may load its file more than once. */
const WARNED = new Map<string, string>();

const MAX_NAMES = 10;

function fewOf(names: readonly string[]): string {
  const more = names.length > MAX_NAMES ? ", …" : "";
  return `${names.slice(0, MAX_NAMES).join(", ")}${more}`;
}
