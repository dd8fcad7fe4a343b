import type { Config } from "../config/load.ts";
import { MAX_TIMER_MS } from "../core/clock.ts";
import { ConfigError } from "../core/config-error.ts";
import type { RecordSwitch } from "../transport/cassette/switch.ts";
import { overlayFor } from "./catalog-overlay.ts";
import { Generation, type Surroundings } from "./generation.ts";
import type { FactoryOptions } from "./options.ts";
import type { SharedServices } from "./pipeline.ts";
import { changesBetween, type ReloadEvent, type Reloaded, stillInUse } from "./reload.ts";
import { servicesOf } from "./services.ts";

export interface GenerationParts {
  readonly options: FactoryOptions;
  readonly simulated: boolean;
  /** Whether the factory was created from a file. */
  readonly readsFiles: boolean;
  readonly shared: SharedServices;
  readonly around: Surroundings;
  readonly record: RecordSwitch;
  /** Called with what must be closed when all calls have ended. */
  readonly onClose: (close: () => Promise<void>) => void;
}

/** The configuration in use, and what replaces it. Calls in flight keep the one they began with. */
export class Generations {
  readonly #parts: GenerationParts;
  /** Models that every later configuration must have. */
  readonly #kept = new Set<string>();
  #current: Generation;

  constructor(config: Config, parts: GenerationParts) {
    this.#parts = parts;
    const recording = this.#recordingOf(config);
    this.#current = this.#generationOf(config, undefined);
    recording.use();
  }

  get current(): Generation {
    return this.#current;
  }

  /** The program has created a model of this name. */
  keep(name: string): void {
    this.#kept.add(name);
  }

  /** @throws ConfigError if the new configuration cannot be used; then nothing changes. */
  take(config: Config): Reloaded {
    const before = this.#current;
    const lost = [...this.#kept].filter((name) => !config.has(name));
    if (lost.length > 0) throw stillInUse(lost, config);
    // A gateway must still know its keys.
    if (before.config.usesGateway) void config.gateway;
    const next = this.#generationOf(config, before);
    // Models in use must still resolve: a missing variable is reported now, not by the next call.
    for (const name of this.#kept) next.contextOf(name);
    this.#recordingOf(config).use();
    this.#current = next;
    closeReplaced(before, next);
    return changesBetween(before.config, config);
  }

  /** Nothing if the file is as before. */
  async reloadIfChanged(read: () => Promise<Config>, isClosed: () => boolean): Promise<ReloadEvent | undefined> {
    try {
      const config = await read();
      if (isClosed() || config.revision === this.#current.config.revision) return undefined;
      return { type: "reloaded", ...this.take(config) };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { type: "rejected", error };
    }
  }

  /** A simulated factory has no exchanges with providers, and one that only looks at a file writes none. */
  #recordingOf(config: Config): { readonly use: () => void } {
    const { simulated, options, record } = this.#parts;
    return record.prepare(simulated || options.readOnly === true ? undefined : config.record);
  }

  #generationOf(config: Config, before: Generation | undefined): Generation {
    const { options, simulated, readsFiles, shared, around, onClose } = this.#parts;
    const { env = process.env, logger, hooks = {}, embed, readOnly = false } = options;
    const { providers = {}, tokens = {} } = simulated ? {} : options;
    const contextOf = (name: string) => this.#current.contextOf(name);
    const making = { clock: around.clock, logger, hooks, embed, contextOf, simulated, readOnly, before, onClose };
    const services = servicesOf(config, shared, making);
    const overlay = overlayFor(options, readsFiles, services.logger);
    const resolving = { config, env, overlay, custom: new Set(Object.keys(providers)), tokens };
    return new Generation(resolving, services, around);
  }
}

/** Calls in flight keep the old ledger, which still writes their rows, and the old cache, which finds and stores nothing more. */
function closeReplaced({ services: old }: Generation, { services: now }: Generation): void {
  if (old.reservations !== now.reservations) void old.reservations.close(MAX_TIMER_MS);
  if (old.ledger !== now.ledger) void old.ledger?.close();
  if (old.cache !== now.cache) void old.cache?.store.close();
}
