import { anyModelOf } from "../config/any-model-of.ts";
import { Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { FLAG, FUNCTION, MILLISECONDS, type OptionRules, SIGNAL } from "../core/check-options.ts";
import type { Clock } from "../core/clock.ts";
import { ConfigError } from "../core/config-error.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { Logger } from "../core/logger.ts";
import type { OfferedModel } from "../core/offered-model.ts";
import { isPlainId } from "../core/plain-id.ts";
import type { DiscoverOptions, Discovery } from "../model/discovery.ts";
import type { ModelDescription } from "../target/model-description.ts";

/** A name that `create` accepts. */
export interface ListedModel extends ModelDescription {
  /** Present for a model without an entry: what its provider's list says. */
  readonly discovered?: OfferedModel;
}

/** A provider with `discover = true` whose list of models is not available. */
export interface UnavailableList {
  readonly provider: string;
  readonly error: ModelError | ConfigError;
  /** What to do, if the error does not say it. */
  readonly help?: string;
}

export interface ListOptions {
  /** Timeout of each provider's list, milliseconds. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Request the lists again. Default false: a list is reused for 5 minutes, a failure for 30 seconds. */
  readonly fresh?: boolean | undefined;
  /** Called for each provider whose list is not available. The log has a warning, too. */
  readonly onUnavailable?: ((list: UnavailableList) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const LIST_RULES: OptionRules<ListOptions> = {
  timeoutMs: MILLISECONDS,
  fresh: FLAG,
  onUnavailable: FUNCTION,
  signal: SIGNAL,
};

const DEFAULT_TIMEOUT_MS = 5_000;
const REUSE_MS = 300_000;
const REUSE_FAILURE_MS = 30_000;
/** Of one provider; more are left out and reported. */
const MAX_MODELS = 2_000;

/** What the list of a file needs from its generation. */
export interface ListSource {
  /** Entries and groups. */
  readonly names: readonly string[];
  /** Providers with `discover = true`. */
  readonly providers: readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
  /** Requests the list of models with the settings of an entry. */
  discover(name: string, options: DiscoverOptions): Promise<Discovery>;
  /** @throws ConfigError if a URL has a variable that is not set. */
  describe(name: string): ModelDescription;
  /** Without a check whether the entry can be used. */
  describeDiscovered(name: string): ModelDescription;
  /** Whether the file itself has the name, as an entry, a group or an alias. */
  isWritten(name: string): boolean;
}

interface KnownModels {
  readonly models: readonly ListedModel[];
  readonly unavailable?: UnavailableList;
  /** By the monotonic clock. */
  readonly untilMs: number;
}

/** The names of one models.toml, with those that its providers list. */
export class ModelList {
  readonly #source: ListSource;
  readonly #known = new Map<string, KnownModels>();
  readonly #pending = new Map<string, Promise<KnownModels>>();

  constructor(source: ListSource) {
    this.#source = source;
  }

  async read(options: ListOptions): Promise<readonly ListedModel[]> {
    const cancellation = new Cancellation();
    if (options.signal !== undefined) cancellation.follow(options.signal);
    try {
      const lists = this.#source.providers.map((provider) => this.#modelsOf(provider, options));
      const found = await unlessCancelled(Promise.all(lists), cancellation);
      for (const { unavailable } of found) if (unavailable !== undefined) options.onUnavailable?.(unavailable);
      return [...this.#written(), ...found.flatMap(({ models }) => models)];
    } finally {
      cancellation.release();
    }
  }

  #written(): readonly ListedModel[] {
    const { names, logger } = this.#source;
    return names.flatMap((name) => {
      try {
        return [this.#source.describe(name)];
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        logger.warn("model not listed", { model: name, reason: error.message });
        return [];
      }
    });
  }

  /** Concurrent calls share one request. */
  async #modelsOf(provider: string, { fresh = false, timeoutMs = DEFAULT_TIMEOUT_MS }: ListOptions) {
    const known = this.#known.get(provider);
    if (!fresh && known !== undefined && this.#source.clock.monotonic() < known.untilMs) return known;
    const pending = this.#pending.get(provider) ?? this.#request(provider, timeoutMs);
    this.#pending.set(provider, pending);
    return pending;
  }

  async #request(provider: string, timeoutMs: number): Promise<KnownModels> {
    try {
      const known = await this.#requested(provider, timeoutMs);
      this.#known.set(provider, known);
      return known;
    } finally {
      this.#pending.delete(provider);
    }
  }

  async #requested(provider: string, timeoutMs: number): Promise<KnownModels> {
    const { clock, logger } = this.#source;
    try {
      const { models } = await this.#source.discover(anyModelOf(provider), { timeoutMs });
      return { models: this.#listed(provider, models), untilMs: clock.monotonic() + REUSE_MS };
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      const help = helpFor(provider, error);
      const unavailable = { provider, error, ...(help !== undefined && { help }) };
      logger.warn("models not discovered", { provider, reason: error.message, help });
      const models = this.#known.get(provider)?.models ?? [];
      return { models, unavailable, untilMs: clock.monotonic() + REUSE_FAILURE_MS };
    }
  }

  /** Names of the file take precedence. A dialect from code may list anything. */
  #listed(provider: string, offered: readonly OfferedModel[]): readonly ListedModel[] {
    const { logger } = this.#source;
    const models = new Map(
      offered.filter(({ id }) => isPlainId(id)).map((model) => [`${provider}/${model.id}`, model]),
    );
    const names = [...models.keys()].filter((name) => !this.#source.isWritten(name));
    if (names.length > MAX_MODELS)
      logger.warn("list of models cut", { provider, models: names.length, listed: MAX_MODELS });
    return names.slice(0, MAX_MODELS).map((name) => {
      const discovered = models.get(name) as OfferedModel;
      return Object.freeze({ ...this.#source.describeDiscovered(name), discovered });
    });
  }
}

/** Not if the factory was closed in the meantime. */
function isUnavailable(error: unknown): error is ModelError | ConfigError {
  return error instanceof ConfigError || (isModelError(error) && error.code !== "aborted");
}

/** Errors of keys and of the file say themselves what to do. */
function helpFor(provider: string, error: ModelError | ConfigError): string | undefined {
  if (error instanceof ConfigError || error.code === "unauthorized") return undefined;
  if (error.code === "unsupported" || error.code === "not_found")
    return `write its models as [models.NAME], and remove discover from [providers.${provider}]`;
  if (error.status !== undefined && error.status < 500) return undefined;
  return `check that ${provider} is running and reachable, and base_url in [providers.${provider}]`;
}
