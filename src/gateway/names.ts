import type { Config, GatewayKey } from "../config/load.ts";
import { ConfigError } from "../core/config-error.ts";
import { nearest } from "../core/suggest.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { ServedModel } from "../dialects/served/wire-server.ts";
import { servedModel } from "../factory/factory.ts";
import type { ModelDescription } from "../index.ts";
import type { Model } from "../model/model.ts";
import type { ClientRequest } from "./client-request.ts";
import type { ServedFactory } from "./served-factory.ts";

/** Making the signal costs, and most requests need none. */
type Client = Pick<ClientRequest, "signal">;

/** More names are not listed in an error. */
const MOST_LISTED = 20;

/** The names of a models.toml that clients can use: entries, groups, aliases and discovered models. */
export class Names {
  readonly #factory: ServedFactory;
  readonly #config: Config;
  readonly #createdS: number;
  readonly #allowed: readonly string[] | undefined;
  /** Names that were asked for, all of which exist. */
  readonly #models: Map<string, Model>;

  /** `allowed`: the only names that there are for a client. */
  constructor(
    factory: ServedFactory,
    config: Config,
    createdS: number,
    allowed?: readonly string[],
    models = new Map<string, Model>(),
  ) {
    this.#factory = factory;
    this.#config = config;
    this.#createdS = createdS;
    this.#allowed = allowed;
    this.#models = models;
  }

  /** The names that the holder of a key may use. */
  allowedTo(key: GatewayKey | undefined): Names {
    if (key?.models === undefined) return this;
    return new Names(this.#factory, this.#config, this.#createdS, key.models, this.#models);
  }

  /** @throws Rejection for a name that models.toml does not have, or an entry that cannot be used. */
  async model(name: string, client: Client): Promise<Model> {
    this.#check(name);
    let model = this.#models.get(name);
    if (model !== undefined) return model;
    if (!this.#isWritten(name) && !(await this.#isDiscovered(name, client))) this.#refuse(name);
    model = orRejection(() => servedModel(this.#factory, name));
    this.#models.set(name, model);
    return model;
  }

  /** @throws Rejection for an unknown name. */
  listed(name: string): ServedModel {
    this.#check(name);
    return this.#served(
      name,
      orRejection(() => this.#factory.describe(name)),
    );
  }

  /** All names. Asks providers with `discover = true` for their models. */
  async list({ signal }: Client): Promise<readonly ServedModel[]> {
    if (this.#allowed !== undefined) return this.#allowed.map((name) => this.listed(name));
    const models = await this.#factory.list({ signal });
    const aliases = Object.keys(this.#config.aliases);
    return [...models.map((model) => this.#served(model.name, model)), ...aliases.map((name) => this.listed(name))];
  }

  #served(name: string, { provider, context, maxOutput, capabilities }: ModelDescription): ServedModel {
    return {
      ...{ id: name, title: name, owner: provider, version: "modelwright", createdS: this.#createdS },
      context: context ?? undefined,
      maxOutput: maxOutput ?? undefined,
      embeds: capabilities.embeddings,
    };
  }

  #check(name: string): void {
    if (!(this.#allowed?.includes(name) ?? this.#config.has(name))) this.#refuse(name);
  }

  #isWritten(name: string): boolean {
    const { names, groups, aliases } = this.#config;
    return names.includes(name) || groups.includes(name) || Object.hasOwn(aliases, name);
  }

  /** Clients may invent names, and each one would be kept. */
  async #isDiscovered(name: string, client: Client): Promise<boolean> {
    const models = await this.#factory.list({ signal: client.signal });
    return models.some((model) => model.name === name);
  }

  #refuse(name: string): never {
    const { names, groups, aliases } = this.#config;
    const all = this.#allowed ?? [...names, ...groups, ...Object.keys(aliases)];
    const near = nearest(name, all);
    const hint = near === undefined ? `Models: ${listOf(all)}.` : `Did you mean \`${near}\`?`;
    throw new Rejection({ kind: "not-found", model: name.slice(0, 200), hint });
  }
}

/** A name that cannot be used, for example because a key is not set, is a mistake of the gateway's owner. */
function orRejection<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = error.problems.map((problem) => problem.message).join("; ");
    throw new Rejection({ kind: "server", status: 500, message, code: "invalid_config" });
  }
}

function listOf(names: readonly string[]): string {
  const rest = names.length > MOST_LISTED ? `, and ${names.length - MOST_LISTED} more` : "";
  return names.slice(0, MOST_LISTED).join(", ") + rest;
}
