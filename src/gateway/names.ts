import type { Config } from "../config/load.ts";
import { ConfigError } from "../core/config-error.ts";
import { nearest } from "../core/suggest.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { ServedModel } from "../dialects/served/wire-server.ts";
import type { ModelFactory } from "../index.ts";
import type { Model } from "../model/model.ts";

/** More names are not listed in an error. */
const MOST_LISTED = 20;

/** The names of a models.toml that clients can use: entries, groups and aliases. */
export class Names {
  readonly #factory: ModelFactory<Record<never, never>>;
  readonly #createdS: number;
  readonly #all: ReadonlySet<string>;

  constructor(factory: ModelFactory<Record<never, never>>, config: Config, createdS: number) {
    this.#factory = factory;
    this.#createdS = createdS;
    this.#all = new Set([...config.names, ...config.groups, ...Object.keys(config.aliases)]);
  }

  get all(): readonly string[] {
    return [...this.#all];
  }

  /** @throws Rejection for a name that models.toml does not have, or an entry that cannot be used. */
  model(name: string): Model {
    this.#check(name);
    try {
      return this.#factory.get(name);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const message = error.problems.map((problem) => problem.message).join("; ");
      throw new Rejection({ kind: "server", status: 500, message, code: "invalid_config" });
    }
  }

  /** @throws Rejection for an unknown name. */
  listed(name: string): ServedModel {
    this.#check(name);
    const { provider, context, maxOutput, capabilities } = this.#factory.describe(name);
    return {
      id: name,
      title: name,
      owner: provider,
      version: "modelwright",
      createdS: this.#createdS,
      context: context ?? undefined,
      maxOutput: maxOutput ?? undefined,
      embeds: capabilities.embeddings,
    };
  }

  #check(name: string): void {
    if (this.#all.has(name)) return;
    const near = nearest(name, this.all);
    const hint = near === undefined ? `Models: ${listOf(this.all)}.` : `Did you mean \`${near}\`?`;
    throw new Rejection({ kind: "not-found", model: name.slice(0, 200), hint });
  }
}

function listOf(names: readonly string[]): string {
  const rest = names.length > MOST_LISTED ? `, and ${names.length - MOST_LISTED} more` : "";
  return names.slice(0, MOST_LISTED).join(", ") + rest;
}
