import type { Config } from "../config/load.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Embedder } from "../core/embedder.ts";
import type { ModelContext } from "../model/call.ts";
import { embedTexts } from "../model/embed.ts";

/** What computes the vectors of the semantic cache. */
export interface SemanticEmbedder {
  readonly embed: Embedder;
  /** Names the vectors: those with another name are not compared. */
  readonly model: string;
}

interface Sources {
  /** The function of the program, which takes precedence; false switches the semantic cache off. */
  readonly embed: Embedder | false | undefined;
  /** The current context of an entry or group. */
  readonly contextOf: (name: string) => ModelContext;
  /** Whether no connection may leave this machine. */
  readonly simulated: boolean;
}

/**
 * The program's function, or the entry that `[cache.semantic]` names. A simulated factory calls no function of the program: it
 * might use a network.
 * @throws ConfigError if there is neither.
 */
export function semanticEmbedder(
  config: Config,
  { embed, contextOf, simulated }: Sources,
): SemanticEmbedder | undefined {
  const model = config.cache?.semantic?.model;
  if (model === undefined || embed === false) return undefined;
  if (embed !== undefined) return simulated ? undefined : { embed, model };
  const name = nameIn(config, model);
  if (name !== undefined) return { embed: embedderOf(name, contextOf), model: vectorsOf(config, name) };
  if (simulated) return undefined;
  const words = `[cache.semantic] has no embeddings: no entry is named "${model}"; add [models.${model}], or pass embed to ModelFactory.load or parse`;
  throw new ConfigError([{ ...config.placeOf(["cache", "semantic"]), path: "cache.semantic", message: words }]);
}

/** The entry or group that a name refers to. */
function nameIn(config: Config, name: string): string | undefined {
  try {
    return config.resolveName(name);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** An entry that gets another model or length has other vectors. */
function vectorsOf(config: Config, name: string): string {
  const [first = { model: name }] = config.group(name)?.members ?? [];
  const entry = config.entry(first.model);
  return JSON.stringify([entry.name, entry.dimensions ?? null]);
}

/** A call of its own, with budgets and ledger. It bypasses the cache, which would otherwise ask for another vector. */
function embedderOf(name: string, contextOf: Sources["contextOf"]): Embedder {
  return async (texts, { signal }) => {
    const { embeddings } = await embedTexts(contextOf(name), texts, { signal, cache: "bypass", tags: TAGS });
    return embeddings;
  };
}

const TAGS = ["semantic-cache"];
