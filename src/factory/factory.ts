import type { ModelInfo } from "../catalog/lookup.ts";
import { type FileWatcher, watchFiles } from "../config/file-watcher.ts";
import type { Config } from "../config/load.ts";
import { bindMethods } from "../core/bind-methods.ts";
import { checkOptions, invalidOption } from "../core/check-options.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Dialect } from "../core/dialect.ts";
import { ModelError } from "../core/error.ts";
import { own } from "../core/own.ts";
import { type Scope, scopePath } from "../core/scope.ts";
import { nearest } from "../core/suggest.ts";
import type { Target } from "../core/target.ts";
import { USAGE_GROUPS, type UsageGroup, type UsageTotal } from "../layers/usage-totals.ts";
import { DISCOVER_RULES, type DiscoverOptions, type Discovery } from "../model/discovery.ts";
import { HEALTH_RULES, type HealthOptions, healthOf, type ModelHealth } from "../model/health.ts";
import { Model } from "../model/model.ts";
import type { Simulator, SimulatorOptions } from "../simulator/server.ts";
import { dialectNamed } from "../target/dialect-map.ts";
import { EmbeddedSimulator } from "../target/embedded-simulator.ts";
import type { LintFinding } from "../target/lint-finding.ts";
import type { ModelDescription } from "../target/model-description.ts";
import { warnOfStaleTypes } from "../target/stale-types.ts";
import { transportFrom } from "../transport/any-fetch.ts";
import { RecordSwitch } from "../transport/cassette/switch.ts";
import { closedError } from "../transport/failure.ts";
import { createTransport } from "../transport/fetch.ts";
import { type ConfigSource, fileSource, isSimulated, readAgain, textSource } from "./config-source.ts";
import {
  type BreakerControl,
  type BudgetControl,
  breakerControl,
  type CacheControl,
  cacheControl,
} from "./controls.ts";
import type { Generation, Surroundings } from "./generation.ts";
import { Generations } from "./generations.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { LIST_RULES, type ListedModel, type ListOptions } from "./model-list.ts";
import { CREATE_RULES, type CreateOptions, checkFactoryOptions, type FactoryOptions } from "./options.ts";
import type { SharedServices } from "./pipeline.ts";
import { logReload, noFile, type ReloadEvent, type Reloaded } from "./reload.ts";
import { sharedServices } from "./services.ts";
import type { CanOf, NameOf, Registered, Untyped } from "./typed-names.ts";

/** For `ReturnType<typeof ModelFactory.load>`, compilers use `unknown` for `Models`. */
type FactoryOf<Models, Default> = unknown extends Models ? ModelFactory<Default> : ModelFactory<Models>;

const CONFIGS = new WeakMap<object, () => Config>();

/** The current models.toml of a factory; `undefined` for an object that only looks like one. */
export function configOf(factory: object): Config | undefined {
  return CONFIGS.get(factory)?.();
}

const SERVED = new WeakMap<object, (name: string) => Model>();

/** The model of a name that clients of a server choose: unlike those that a program has created, it may be lost by a reload. */
export function servedModel(factory: object, name: string): Model {
  return (SERVED.get(factory) as (name: string) => Model)(name);
}

/** Builds models from a models.toml. */
export class ModelFactory<Models = Registered> {
  readonly #source: ConfigSource;
  readonly #options: FactoryOptions;
  readonly #simulated: boolean;
  readonly #shared: SharedServices;
  readonly #around: Surroundings;
  /** By name and scope. */
  readonly #models = new Map<string, Model>();
  readonly #simulator = new EmbeddedSimulator();
  readonly #closers: (() => Promise<void> | void)[] = [];
  /** For what calls write when they end. */
  readonly #lastClosers: (() => Promise<void>)[] = [];
  readonly #generations: Generations;
  #closed = false;

  private constructor(config: Config, source: ConfigSource, options: FactoryOptions) {
    if (source === undefined)
      throw invalidOption(
        "ModelFactory has no public constructor; use await ModelFactory.load(path, options) or ModelFactory.parse(toml, options)",
      );
    bindMethods(this, ModelFactory);
    CONFIGS.set(this, () => this.#config);
    SERVED.set(this, (name) => this.#served(name));
    this.#source = source;
    this.#options = options;
    this.#simulated = isSimulated(options);
    const clock = clockFrom(options.clock);
    const own = this.#simulated ? undefined : options.transport;
    const sending = own === undefined ? createTransport({ clock }) : transportFrom(own);
    const transport = new RecordSwitch(sending, {
      clock,
      onFailure: (error) => this.#generation.services.logger.error("exchange not recorded", { reason: String(error) }),
    });
    this.#closers.push(
      () => transport.close(),
      () => this.#simulator.close(),
      () => this.#generation.services.reservations.close(),
      () => this.#generation.services.ledger?.close(),
      () => this.#generation.services.cache?.store.close(),
    );
    this.#shared = sharedServices(
      clock,
      (target) => this.#dialectOf(target),
      () => this.#checkOpen(true),
    );
    this.#around = {
      ...{ transport, clock, random: options.random ?? Math.random },
      checkOpen: (running) => this.#checkOpen(running),
    };
    this.#generations = new Generations(config, {
      ...{ options, simulated: this.#simulated, readsFiles: source.read !== undefined },
      ...{ shared: this.#shared, around: this.#around, record: transport },
      onClose: (close) => void this.#lastClosers.push(close),
    });
  }

  /**
   * Reads `path`, or the file in MODELWRIGHT_CONFIG, or the nearest models.toml from the working directory up. Unless NODE_ENV
   * is "production", logs a warning if a modelwright.d.ts next to the file is stale.
   * @throws ConfigError with every error in the file and its position.
   */
  static async load<Models = Registered>(
    path?: string,
    options: FactoryOptions = {},
  ): Promise<FactoryOf<Models, Registered>> {
    if (path !== undefined && typeof path !== "string")
      throw invalidOption("ModelFactory.load: the path must be a string; pass options as the second argument");
    checkFactoryOptions(options, "load");
    const source = fileSource(path, options);
    const factory = new ModelFactory(await source.read(), source, options);
    const { config, services } = factory.#generation;
    warnOfStaleTypes(config, options.env ?? process.env, services.logger);
    return factory as FactoryOf<Models, Registered>;
  }

  /**
   * Parses the text of a models.toml; reads no file unless `options.baseDir` or `options.catalog` is given.
   * @throws ConfigError with every error in the text and its position.
   */
  static parse<Models = Untyped>(toml: string, options: FactoryOptions = {}): FactoryOf<Models, Untyped> {
    if (typeof toml !== "string") throw invalidOption("ModelFactory.parse: the first argument must be TOML text");
    checkFactoryOptions(options, "parse");
    const source = textSource(options);
    return new ModelFactory(source.parse(toml), source, options) as FactoryOf<Models, Untyped>;
  }

  /**
   * The model of an entry or group; without a name, that of `default_model`. Loads no SDK. The same name and scope give the
   * same object. After a reload, the next call of a model uses the new file.
   * @throws ConfigError for an unknown name (with the nearest one) or a variable of this entry that is not set; ModelError
   * `invalid_request` for an invalid scope.
   */
  create<Name extends NameOf<Models>>(name?: Name, options?: CreateOptions): Model<CanOf<Models, Name>> {
    return this.get(name ?? this.#config.defaultModel, options) as Model<CanOf<Models, Name>>;
  }

  /** Like create, for names known only at run time. */
  get(name: string, options: CreateOptions = {}): Model {
    this.#checkOpen();
    checkOptions(options, CREATE_RULES, "create");
    const { scope, fresh = false } = options;
    const resolved = this.#config.resolveName(name);
    const key = JSON.stringify([resolved, scope === undefined ? undefined : scopePath(scope).at(-1)]);
    const known = fresh ? undefined : this.#models.get(key);
    if (known !== undefined) return known;
    const model = this.#modelOf(resolved, scope && Object.freeze({ ...scope }));
    this.#generations.keep(resolved);
    if (!fresh) this.#models.set(key, model);
    return model;
  }

  #modelOf(resolved: string, scope?: Scope): Model {
    this.#generation.contextOf(resolved);
    return new Model(resolved, () => this.#generation.contextOf(resolved), scope);
  }

  #served(name: string): Model {
    this.#checkOpen();
    return this.#modelOf(this.#config.resolveName(name));
  }

  /** The entries in the order of the file, then the groups. Aliases and discovered models are not included. */
  names(): readonly NameOf<Models>[] {
    return [...this.#config.names, ...this.#config.groups] as readonly string[] as readonly NameOf<Models>[];
  }

  /**
   * The entries, the groups, and the models that each provider with `discover = true` lists, as `PROVIDER/ID`. Requests the
   * lists of these providers, in parallel; nothing is billed. A provider whose list is not available has a warning in the log,
   * and the models of its last list.
   * @throws ModelError `aborted` if `signal` is aborted; never for a failing provider.
   */
  async list(options: ListOptions = {}): Promise<readonly ListedModel[]> {
    this.#checkOpen();
    checkOptions(options, LIST_RULES, "list");
    return this.#generation.list(options);
  }

  /**
   * The resolved entry, even if it cannot be used now.
   * @throws ConfigError for an unknown name, or a URL with a variable that is not set.
   */
  describe(name: NameOf<Models> | (string & {})): ModelDescription {
    return this.#generation.describe(name);
  }

  /** The catalog's facts about a provider's model id; null if it has none. */
  info(modelId: string): ModelInfo | null {
    if (typeof modelId !== "string") throw invalidOption("info: modelId must be a string");
    return this.#generation.info(modelId);
  }

  /**
   * Problems of the entries, found without a request: settings that a model does not support, answers longer than the context
   * window, fallbacks without a capability that the entry uses, misspelled model ids, and models that are retired or retire
   * within 90 days; and budgets that match no entry, lack a price, or hold less than ten requests. Empty if there are none.
   */
  lint(): readonly LintFinding[] {
    return this.#generation.lint();
  }

  /** Usage of this factory's calls, in total or by model, provider, tag, scope or day (UTC). */
  usage(): UsageTotal;
  usage(by: UsageGroup): Readonly<Record<string, UsageTotal>>;
  usage(by?: UsageGroup): UsageTotal | Readonly<Record<string, UsageTotal>> {
    if (by !== undefined && !USAGE_GROUPS.includes(by)) throw unknownGroup(String(by));
    return by === undefined ? this.#shared.totals.total() : this.#shared.totals.by(by);
  }

  /**
   * The durable rows of all calls, of this and other processes. `query` gives exact sums by model, user, tag, day and more;
   * `flush` writes what is buffered. Needs a `[ledger]` table.
   */
  get ledger(): LedgerReader {
    return new LedgerReader(this.#generation.services.ledger);
  }

  /**
   * The circuit breakers, by entry. Entries with the same target and settings share one. If `circuit_breaker = false`, `state`
   * is undefined, and `isolate` and `reset` do nothing.
   */
  get breakers(): BreakerControl {
    return breakerControl(this.#shared, (name) => this.#generation.target(name));
  }

  /** The budgets of models.toml. */
  get budgets(): BudgetControl {
    return {
      status: (name) => {
        this.#checkOpen();
        return this.#generation.budgetStatus(name);
      },
    };
  }

  /** The result cache: what it has done, and how to empty it. */
  get cache(): CacheControl {
    return cacheControl(this.#shared, () => this.#generation.services);
  }

  /**
   * Sends one small request to each entry, in parallel, and reports which answered. Without retries, fallbacks and circuit
   * breaker. The tokens are billed, and counted under the tag "health".
   * @throws ConfigError for an unknown name; never for a failing model.
   */
  async health(options: HealthOptions = {}): Promise<Readonly<Record<string, ModelHealth>>> {
    this.#checkOpen();
    checkOptions(options, HEALTH_RULES, "health");
    const { timeoutMs = 5_000 } = options;
    const generation = this.#generation;
    const names = options.names?.flatMap((name) => generation.entriesOf(name)) ?? generation.config.names;
    const probes = names.map(async (name) => [name, await this.#probe(generation, name, timeoutMs)] as const);
    return Object.fromEntries(await Promise.all(probes));
  }

  async #probe(generation: Generation, name: string, deadlineMs: number): Promise<ModelHealth> {
    try {
      const alone = { numRetries: 0, retryOn: undefined, deadlineMs, breaker: undefined, hedgeAfterMs: undefined };
      const context = generation.aloneWith(name, alone);
      return await healthOf(new Model(name, () => context), this.#around.clock);
    } catch (error) {
      if (error instanceof ConfigError) return { healthy: false, latencyMs: 0, error };
      throw error;
    }
  }

  /**
   * Requests the list of models from the provider of an entry (default: `default_model`; of a group: its first entry), with the
   * entry's URL, credential, headers and proxy. Nothing is billed; no retries, no fallbacks.
   * @throws ConfigError for an unknown name or a variable that is not set; ModelError like any request: `unauthorized` for a
   *   rejected key, `not_found` if the URL has no list, and `unsupported`, without a request, if the provider is known to have
   *   none.
   */
  async discover(name?: NameOf<Models> | (string & {}), options: DiscoverOptions = {}): Promise<Discovery> {
    this.#checkOpen();
    checkOptions(options, DISCOVER_RULES, "discover");
    const generation = this.#generation;
    const [entry = ""] = generation.entriesOf(name ?? this.#config.defaultModel);
    return generation.discover(entry, options);
  }

  /**
   * Reads the file again, or parses `toml` if the factory was created from text; the next calls use it. In-flight calls keep
   * the old configuration; usage, circuit breakers and the states of keys and group members are kept.
   * @throws ConfigError if the new file is invalid, or lacks a model that this program has created; then nothing changes.
   */
  async reload(toml?: string): Promise<Reloaded> {
    this.#checkOpen();
    if (toml !== undefined && typeof toml !== "string")
      throw invalidOption("reload: the text must be a string of TOML");
    return this.#generations.take(await readAgain(this.#source, toml));
  }

  /**
   * Reloads whenever a configuration file changes, and reports each reload to `listener` and the log: the changes, or why the
   * old configuration stays in use. Stops with `close` of the returned watcher or of the factory; does not keep the process
   * alive.
   * @throws ConfigError if the factory was created from text.
   */
  watch(listener: (event: ReloadEvent) => void = () => {}): FileWatcher {
    this.#checkOpen();
    if (typeof listener !== "function") throw invalidOption("watch: the listener must be a function");
    const { read } = this.#source;
    if (read === undefined) throw noFile("no file to watch: the factory was created from text");
    const watcher = watchFiles({
      folders: () => this.#config.folders,
      clock: this.#around.clock,
      onChange: async () => {
        try {
          const event = await this.#generations.reloadIfChanged(read, () => this.#closed);
          if (event === undefined) return;
          logReload(this.#generation.services.logger, event);
          listener(event);
        } catch (error) {
          // Not awaited: a failure must stop neither the watcher nor the program.
          this.#generation.services.logger.error("watching models.toml failed once", { reason: String(error) });
        }
      },
    });
    this.#closers.push(() => watcher.close());
    return watcher;
  }

  /**
   * The server behind `provider = "simulator"`, to script its faults and count its requests. Starts it if it is not running;
   * `options` apply only then.
   */
  simulator(options?: SimulatorOptions): Promise<Simulator> {
    this.#checkOpen();
    return this.#simulator.start(options);
  }

  /** Closes connections and the embedded simulator; in-flight calls end with `aborted` or a connection error. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#closers.map((close) => close()));
    await Promise.all(this.#lastClosers.map((close) => close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #generation(): Generation {
    return this.#generations.current;
  }

  get #config(): Config {
    return this.#generation.config;
  }

  #dialectOf(target: Target): Dialect {
    const providers = this.#simulated ? {} : (this.#options.providers ?? {});
    const dialect = own(providers, target.dialect) ?? dialectNamed(target.dialect);
    return target.simulated === true ? this.#simulator.speaking(dialect) : dialect;
  }

  #checkOpen(running = false): void {
    if (!this.#closed) return;
    if (running) throw closedError();
    throw new ModelError({ code: "aborted", message: "The factory is closed; create another one for more calls." });
  }
}

function unknownGroup(by: string): ModelError {
  const near = nearest(by, USAGE_GROUPS);
  const hint = near === undefined ? "" : ` (did you mean "${near}"?)`;
  return invalidOption(
    `usage: unknown group "${by}"${hint}; use ${USAGE_GROUPS.map((name) => `"${name}"`).join(", ")}`,
  );
}

/** Fills a partial clock with the system's; it may be a class instance. */
function clockFrom(own: Partial<Clock> | undefined): Clock {
  if (own === undefined) return systemClock;
  return {
    now: () => own.now?.() ?? systemClock.now(),
    monotonic: () => own.monotonic?.() ?? systemClock.monotonic(),
    schedule: (run, delayMs) =>
      own.schedule === undefined ? systemClock.schedule(run, delayMs) : own.schedule(run, delayMs),
  };
}
