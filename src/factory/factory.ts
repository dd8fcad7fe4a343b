import { catalogIds, type ModelInfo } from "../catalog/lookup.ts";
import { isPriced } from "../catalog/price.ts";
import { PROVIDER_HINTS } from "../catalog/providers.ts";
import type { Overlay } from "../catalog/table.ts";
import { type FileWatcher, watchFiles } from "../config/file-watcher.ts";
import { type Config, loadConfig, type PriceBook, parseConfig } from "../config/load.ts";
import { asksToSimulate } from "../config/parse.ts";
import { bindMethods } from "../core/bind-methods.ts";
import { checkOptions, invalidOption } from "../core/check-options.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Dialect } from "../core/dialect.ts";
import { ModelError } from "../core/error.ts";
import { silentLogger } from "../core/logger.ts";
import { own } from "../core/own.ts";
import { scopePath } from "../core/scope.ts";
import type { BreakerState, Target } from "../core/target.ts";
import { WIRE_NAMES } from "../core/wire-name.ts";
import { USAGE_GROUPS, type UsageGroup, type UsageTotal } from "../layers/usage-totals.ts";
import { DISCOVER_RULES, type DiscoverOptions, type Discovery, discover } from "../model/discovery.ts";
import { HEALTH_RULES, type HealthOptions, healthOf, type ModelHealth } from "../model/health.ts";
import { Model } from "../model/model.ts";
import type { Simulator, SimulatorOptions } from "../simulator/server.ts";
import { dialectNamed } from "../target/dialect-map.ts";
import { EmbeddedSimulator } from "../target/embedded-simulator.ts";
import type { LintFinding } from "../target/lint.ts";
import type { ModelDescription } from "../target/model-description.ts";
import { warnOfStaleTypes } from "../target/stale-types.ts";
import { transportFrom } from "../transport/any-fetch.ts";
import { createTransport } from "../transport/fetch.ts";
import { overlayFor } from "./catalog-overlay.ts";
import { Generation, type Surroundings } from "./generation.ts";
import { CREATE_RULES, type CreateOptions, checkFactoryOptions, type FactoryOptions } from "./options.ts";
import { type SharedServices, targetPipeline } from "./pipeline.ts";
import { changesBetween, noFile, type ReloadEvent, type Reloaded, stillInUse } from "./reload.ts";
import { servicesOf, sharedServices } from "./services.ts";

/**
 * Filled by `modelwright types`: the names of a models.toml, each with what its model can do (`true`, `false`, absent
 * where that is unknown). Empty until then, and every name is taken.
 */
// biome-ignore lint/suspicious/noEmptyInterface: declaration merging is what it is for
export interface Registered {}

/** A template, so that compilers list the names where they would say `keyof Registered`. */
type NameOf<Models> = keyof Models extends never ? string : `${keyof Models & string}`;

/** What is declared about a name. Without one it is any of them: each profile may have a `default_model` of its own. */
type CanOf<Models, Name> = Name extends keyof Models ? Models[Name] : unknown;

type Untyped = Record<never, never>;

/** Where a program writes `ReturnType<typeof ModelFactory.load>`, compilers put `unknown` for `Models`. */
type FactoryOf<Models, Default> = unknown extends Models ? ModelFactory<Default> : ModelFactory<Models>;

/** The circuit breakers of a factory, by entry. */
export interface BreakerControl {
  /** `undefined` where `circuit_breaker = false`. */
  state(name: string): BreakerState | undefined;
  /** Refuses every call to the entry's target, as `circuit_open`, until `reset`. */
  isolate(name: string): void;
  /** Closes the breaker and forgets what it counted. */
  reset(name: string): void;
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
  /** Names of all models that were created. */
  readonly #created = new Set<string>();
  readonly #simulator = new EmbeddedSimulator();
  readonly #closers: (() => Promise<void> | void)[] = [];
  #generation: Generation;
  #closed = false;

  private constructor(config: Config, source: ConfigSource, options: FactoryOptions) {
    if (source === undefined)
      throw invalidOption(
        "ModelFactory is not made with new: use await ModelFactory.load(path, options) or ModelFactory.parse(toml, options)",
      );
    bindMethods(this, ModelFactory);
    this.#source = source;
    this.#options = options;
    this.#simulated = isSimulated(options);
    const clock = clockFrom(options.clock);
    const own = this.#simulated ? undefined : options.transport;
    const transport = own === undefined ? createTransport({ clock }) : transportFrom(own);
    this.#closers.push(
      () => transport.close(),
      () => this.#simulator.close(),
    );
    this.#shared = sharedServices(clock, (target) => this.#dialectOf(target));
    this.#around = {
      ...{ transport, clock, random: options.random ?? Math.random },
      checkOpen: () => this.#checkOpen(),
      toTarget: targetPipeline(this.#shared),
    };
    this.#generation = this.#generationOf(config, undefined);
  }

  /**
   * Reads `path`, or the file that MODELWRIGHT_CONFIG names, or the nearest models.toml from the working directory up.
   * Unless NODE_ENV is "production", warns the logger when a modelwright.d.ts beside the file is stale.
   * @throws ConfigError with every mistake of the file, each with its place.
   */
  static async load<Models = Registered>(
    path?: string,
    options: FactoryOptions = {},
  ): Promise<FactoryOf<Models, Registered>> {
    if (path !== undefined && typeof path !== "string")
      throw invalidOption("ModelFactory.load: the path must be a string; pass options as the second argument");
    checkFactoryOptions(options, "load");
    const cwd = process.cwd();
    const parsing = configOptions(options, true);
    const read = () => loadConfig(path, { ...parsing, cwd });
    const factory = new ModelFactory(await read(), { read }, options);
    const { config, services } = factory.#generation;
    warnOfStaleTypes(config, options.env ?? process.env, services.logger);
    return factory as FactoryOf<Models, Registered>;
  }

  /**
   * Reads the text of a models.toml; reads no file unless `options.baseDir` or `options.catalog` is given.
   * @throws ConfigError with every mistake of the text, each with its place.
   */
  static parse<Models = Untyped>(toml: string, options: FactoryOptions = {}): FactoryOf<Models, Untyped> {
    if (typeof toml !== "string") throw invalidOption("ModelFactory.parse: the first argument must be TOML text");
    checkFactoryOptions(options, "parse");
    const parsing = configOptions(options, false);
    const source = { parse: (text: string) => parseConfig(text, parsing) };
    return new ModelFactory(source.parse(toml), source, options) as FactoryOf<Models, Untyped>;
  }

  /**
   * The model of an entry or group, `default_model` without a name. Loads no SDK; the same name and scope give the same
   * object. After a reload the next call of a model goes by the new file.
   * @throws ConfigError for an unknown name (with the nearest one) or a variable of this entry that is not set; ModelError
   * `invalid_request` for a scope that is none.
   */
  create<Name extends NameOf<Models>>(name?: Name, options?: CreateOptions): Model<CanOf<Models, Name>> {
    return this.get(name ?? this.#config.defaultModel, options) as Model<CanOf<Models, Name>>;
  }

  /** Like create, for names known only at run time. */
  get(name: string, options: CreateOptions = {}): Model {
    this.#checkOpen();
    checkOptions(options, CREATE_RULES, "create");
    const { scope, fresh = false } = options;
    const behind = this.#config.behind(name);
    const key = JSON.stringify([behind, scope === undefined ? undefined : scopePath(scope).at(-1)]);
    const known = fresh ? undefined : this.#models.get(key);
    if (known !== undefined) return known;
    this.#generation.contextOf(behind);
    const model = new Model(behind, () => this.#generation.contextOf(behind), scope && Object.freeze({ ...scope }));
    this.#created.add(behind);
    if (!fresh) this.#models.set(key, model);
    return model;
  }

  /** The entries in the order of the file, then the groups; aliases are other names of these. */
  names(): readonly NameOf<Models>[] {
    return [...this.#config.names, ...this.#config.groups] as readonly string[] as readonly NameOf<Models>[];
  }

  /**
   * What an entry leads to, whether or not it can be used now.
   * @throws ConfigError for an unknown name, or an address that depends on a variable that is not set.
   */
  describe(name: NameOf<Models> | (string & {})): ModelDescription {
    return this.#generation.describe(name);
  }

  /** What the catalog knows about a provider's model id; null when nothing. */
  info(modelId: string): ModelInfo | null {
    if (typeof modelId !== "string") throw invalidOption("info: the id of a model is a string");
    return this.#generation.info(modelId);
  }

  /**
   * What the entries will run into, found without a request: settings their models do not take, answers longer than the
   * window, fallbacks that lack what the entry is configured to use, model ids that are misspelled, and models that are
   * retired or retire within 90 days. Empty when there is nothing to say.
   */
  lint(): readonly LintFinding[] {
    return this.#generation.lint();
  }

  /** What this factory's calls have used, in all or by model, provider, tag, scope or day (UTC). */
  usage(): UsageTotal;
  usage(by: UsageGroup): Readonly<Record<string, UsageTotal>>;
  usage(by?: UsageGroup): UsageTotal | Readonly<Record<string, UsageTotal>> {
    if (by !== undefined && !USAGE_GROUPS.includes(by))
      throw invalidOption(
        `usage: unknown group "${String(by)}"; use ${USAGE_GROUPS.map((name) => `"${name}"`).join(", ")}`,
      );
    return by === undefined ? this.#shared.totals.total() : this.#shared.totals.by(by);
  }

  /**
   * The circuit breakers, by entry. Entries that lead to one target with the same settings share one.
   * `state` is undefined where `circuit_breaker = false`; there `isolate` and `reset` do nothing.
   */
  get breakers(): BreakerControl {
    const { breakers } = this.#shared;
    const target = (name: string) => this.#generation.target(name);
    return {
      state: (name) => breakers.state(target(name)),
      isolate: (name) => breakers.isolate(target(name)),
      reset: (name) => breakers.reset(target(name)),
    };
  }

  /**
   * Asks each entry for a few tokens, all at once, and says which answered: one request each, without retries, fallbacks
   * and breaker. The tokens are billed, and counted under the tag "health".
   * @throws ConfigError for an unknown name; never for a model that fails.
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
   * Asks the provider of an entry (default: `default_model`; of a group: its first entry) for its list of models, with the
   * entry's address, credential, headers and proxy. Nothing is billed; no retries, no fallbacks.
   * @throws ConfigError for an unknown name or a variable that is not set; ModelError of any code that a request may end
   *   with: `unauthorized` for a refused key, `not_found` where the address has no list, and `unsupported`, before anything
   *   is sent, where the provider is known to have none.
   */
  async discover(name?: NameOf<Models> | (string & {}), options: DiscoverOptions = {}): Promise<Discovery> {
    this.#checkOpen();
    checkOptions(options, DISCOVER_RULES, "discover");
    const generation = this.#generation;
    const [entry = ""] = generation.entriesOf(name ?? this.#config.defaultModel);
    const target = generation.target(entry);
    return discover({ ...this.#around, target, dialect: this.#shared.dialectOf(target) }, options);
  }

  /**
   * Reads the file again, or takes `toml` where the factory was made from text, and goes by it from the next call on. Calls
   * under way end as they began; usage, circuit breakers, resting keys and members of groups are kept.
   * @throws ConfigError when the new file has a mistake, or lacks a model that this program has created; then nothing changes.
   */
  async reload(toml?: string): Promise<Reloaded> {
    this.#checkOpen();
    if (toml !== undefined && typeof toml !== "string")
      throw invalidOption("reload: the text must be a string of TOML");
    return this.#take(await this.#reread(toml));
  }

  /**
   * Reloads whenever a file of the configuration changes, and tells `listener` (and the log) of each time: what is new, or
   * why the old file still holds. Ends with `close` of what it gives, or of the factory; keeps no process alive.
   * @throws ConfigError when the factory was made from text.
   */
  watch(listener: (event: ReloadEvent) => void = () => {}): FileWatcher {
    this.#checkOpen();
    if (typeof listener !== "function") throw invalidOption("watch: the listener must be a function");
    const { read } = this.#source;
    if (read === undefined) throw noFile("there is no file to watch: the factory was made from text");
    const watcher = watchFiles({
      folders: () => this.#config.folders,
      clock: this.#around.clock,
      onChange: async () => {
        try {
          const event = await this.#reloadIfChanged(read);
          if (event !== undefined) this.#tell(event, listener);
        } catch (error) {
          // Not awaited: a failure here must end neither the watching nor the program.
          this.#generation.services.logger.error("watching models.toml failed once", { reason: String(error) });
        }
      },
    });
    this.#closers.push(() => watcher.close());
    return watcher;
  }

  /**
   * The server behind `provider = "simulator"`, to script its faults and count its requests. Starts it if it is not
   * running yet; options count only then.
   */
  simulator(options?: SimulatorOptions): Promise<Simulator> {
    this.#checkOpen();
    return this.#simulator.start(options);
  }

  /** Closes connections and the embedded simulator; calls in flight end with `aborted` or a connection error. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#closers.map((close) => close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #config(): Config {
    return this.#generation.config;
  }

  async #reread(toml: string | undefined): Promise<Config> {
    const { read, parse } = this.#source;
    if (toml !== undefined && parse !== undefined) return parse(toml);
    if (toml === undefined && read !== undefined) return read();
    throw noFile(
      read === undefined
        ? "the factory was made from text: give reload() the new text"
        : "the factory was made from a file, which reload() reads again: it takes no text",
    );
  }

  async #reloadIfChanged(read: () => Promise<Config>): Promise<ReloadEvent | undefined> {
    try {
      const config = await read();
      if (this.#closed || config.revision === this.#config.revision) return undefined;
      return { type: "reloaded", ...this.#take(config) };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { type: "rejected", error };
    }
  }

  #tell(event: ReloadEvent, listener: (event: ReloadEvent) => void): void {
    const { logger } = this.#generation.services;
    if (event.type === "reloaded") logger.info("models.toml reloaded", { ...event });
    else logger.error("models.toml not reloaded", { problems: event.error.message });
    listener(event);
  }

  #take(config: Config): Reloaded {
    const before = this.#generation;
    const lost = [...this.#created].filter((name) => !config.names.includes(name) && !config.groups.includes(name));
    if (lost.length > 0) throw stillInUse(lost, config);
    const next = this.#generationOf(config, before);
    // What is in use must work: a variable that is missing is found now, not by the next call.
    for (const name of this.#created) next.contextOf(name);
    this.#generation = next;
    return changesBetween(before.config, config);
  }

  #generationOf(config: Config, before: Generation | undefined): Generation {
    const { env = process.env, logger } = this.#options;
    const { providers = {}, tokens = {} } = this.#simulated ? {} : this.#options;
    const { clock } = this.#around;
    const services = servicesOf(config, this.#shared, { clock, logger, before });
    const overlay = overlayFor(this.#options, this.#source.read !== undefined, services.logger);
    const resolving = { config, env, overlay, custom: new Set(Object.keys(providers)), tokens };
    return new Generation(resolving, services, this.#around);
  }

  #dialectOf(target: Target): Dialect {
    const providers = this.#simulated ? {} : (this.#options.providers ?? {});
    const dialect = own(providers, target.dialect) ?? dialectNamed(target.dialect);
    return target.simulated === true ? this.#simulator.speaking(dialect) : dialect;
  }

  #checkOpen(): void {
    if (this.#closed) throw new ModelError({ code: "aborted", message: "The factory is closed." });
  }
}

/** Where a factory's configuration comes from: a file that can be read again, or texts. */
interface ConfigSource {
  readonly read?: () => Promise<Config>;
  readonly parse?: (toml: string) => Config;
}

/** The system's clock where the given one says nothing; it may be an object of a class. */
function clockFrom(own: Partial<Clock> = {}): Clock {
  return {
    now: () => own.now?.() ?? systemClock.now(),
    monotonic: () => own.monotonic?.() ?? systemClock.monotonic(),
    schedule: (run, delayMs) =>
      own.schedule === undefined ? systemClock.schedule(run, delayMs) : own.schedule(run, delayMs),
  };
}

/** The process's own environment counts beside a given one: the switch means that nothing may be sent. */
function isSimulated({ simulate, env = process.env }: FactoryOptions): boolean {
  return simulate === true || asksToSimulate(env) || asksToSimulate(process.env);
}

function configOptions(options: FactoryOptions, readsFiles: boolean) {
  const { env = process.env, profile, baseDir, providers = {} } = options;
  // What code brings along under a name of ours has limits and addresses of its own.
  const hints = PROVIDER_HINTS.map((hint) => {
    const { id, keyEnv, needsBaseUrl } = hint;
    return own(providers, id) === undefined ? hint : { id, keyEnv, needsBaseUrl };
  });
  const brought = Object.keys(providers).map((id) => ({ id, needsBaseUrl: false, keyEnv: [] }));
  const dialects = [...WIRE_NAMES, ...Object.keys(providers)];
  const prices = pricesKnown(options, readsFiles);
  return {
    ...{ env, profile, baseDir, providers: [...hints, ...brought], dialects, prices, simulate: isSimulated(options) },
    processEnv: env === process.env ? undefined : process.env,
  };
}

/** Asked only where a file has a `price_as`. */
function pricesKnown(options: FactoryOptions, readsFiles: boolean): PriceBook {
  let found: { readonly overlay: Overlay | undefined } | undefined;
  const overlay = () => {
    found ??= { overlay: overlayFor(options, readsFiles, silentLogger) };
    return found.overlay;
  };
  return { has: (id) => isPriced(id, overlay()), ids: () => catalogIds(undefined, overlay()) };
}
