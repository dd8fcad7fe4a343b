import type { Config } from "../config/load.ts";
import { keysAffecting } from "../config/options.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Target } from "../core/target.ts";

/** A key of an entry that has no effect on its kind of model. */
export interface IdleKey {
  readonly key: string;
  readonly message: string;
}

const OF_ANSWERS = keysAffecting("answers");
const OF_EMBEDDINGS = keysAffecting("embeddings");

/**
 * Settings of answers on a model that computes embeddings, and the reverse. Only those in the entry's own table: what it
 * inherits is for other entries too.
 */
export function idleKeys(target: Target, dialect: Dialect, config: Config): readonly IdleKey[] {
  const { entry, modelId, facts } = target;
  const idle = (keys: readonly string[], why: string): readonly IdleKey[] =>
    keys
      .filter((key) => config.origin(entry, key)?.from.endsWith(`models.${entry}`) === true)
      .map((key) => ({ key, message: `"${key}" has no effect: ${why}` }));
  if (facts.embedding !== undefined) return idle(OF_ANSWERS, `${modelId} computes embeddings and generates no answers`);
  if (dialect.embed !== undefined && facts.capabilities.embeddings !== false) return [];
  return idle(OF_EMBEDDINGS, `${modelId} computes no embeddings`);
}
