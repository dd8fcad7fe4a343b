import { infoOf, type ModelInfo } from "./catalog/lookup.ts";
import { PROVIDERS } from "./catalog/providers.ts";
import { type Config, type GroupConfig, loadConfig, parseConfig } from "./config/load.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import type { Price } from "./core/cost.ts";
import type { Dialect } from "./core/dialect.ts";
import { ConfigError, ModelError } from "./core/error.ts";
import type { Next } from "./core/layer.ts";
import type { Logger } from "./core/logger.ts";
import type { BreakerState, Target } from "./core/target.ts";
import type { Transport } from "./core/transport.ts";
import { BUILT_IN, dialectNamed } from "./dialect-map.ts";
import { EmbeddedSimulator } from "./embedded-simulator.ts";
import { type HealthOptions, healthOf, type ModelHealth } from "./health.ts";
import { cache } from "./layers/cache.ts";
import { Breakers } from "./layers/circuit-breaker.ts";
import type { Chain, FallbackList } from "./layers/fallback.ts";
import { Group } from "./layers/group.ts";
import { KeyStates } from "./layers/key-states.ts";
import { RetryBudgets } from "./layers/retry-budget.ts";
import { type UsageGroup, type UsageTotal, UsageTotals } from "./layers/usage-totals.ts";
import { Linter, type LintFinding } from "./lint.ts";
import { loggerFor, safeLogger } from "./log-writer.ts";
import { maskedConfig, withoutPassword } from "./masked-config.ts";
import { Model } from "./model.ts";
import type { FactoryOptions } from "./options.ts";
import { groupPipeline, modelPipeline, type Services, targetPipeline } from "./pipeline.ts";
import { type ResolveContext, resolveTarget, SIMULATED_URL } from "./resolve.ts";
import type { Simulator, SimulatorOptions } from "./simulator/server.ts";
import { MemoryStore } from "./stores/memory.ts";
import { transportFrom } from "./transport/any-fetch.ts";
import { createTransport } from "./transport/fetch.ts";

/** Filled by `modelwright types` with the names of a models.toml; empty until then. */
// biome-ignore lint/suspicious/noEmptyInterface: declaration merging is what it is for
export interface Registered {}

type NameOf<Models> = keyof Models extends never ? string : Extract<keyof Models, string>;

/** What an entry leads to, for display; no secrets. */
export interface ModelDescription {
  readonly name: string;
  readonly provider: string;
  readonly modelId: string;
  readonly dialect: string;
  readonly baseUrl: string;
  readonly capabilities: Target["facts"]["capabilities"];
  readonly context: number | null;
  readonly maxOutput: number | null;
  /** USD per million tokens; null when unknown. */
  readonly price: Price | null;
  readonly fallbacks: readonly string[];
  /** Of a group: the entries that share its calls, and how. The rest is then that of the first of them. */
  readonly members?: readonly string[];
  readonly strategy?: string;
  /** Why the entry cannot be used now, for example a missing key; absent when it can. */
  readonly problems?: readonly string[];
}

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
  readonly #config: Config;
  readonly #context: ResolveContext;
  readonly #services: Services;
  readonly #toTarget: Next;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #models = new Map<string, Model>();
  readonly #targets = new Map<string, Target>();
  readonly #simulator = new EmbeddedSimulator();
  readonly #closers: (() => Promise<void>)[] = [];
  #closed = false;

  private constructor(config: Config, options: FactoryOptions) {
    this.#config = config;
    this.#clock = clockFrom(options.clock);
    this.#random = options.random ?? Math.random;
    this.#transport =
      options.transport === undefined ? createTransport({ clock: this.#clock }) : transportFrom(options.transport);
    this.#closers.push(() => this.#transport.close());
    const custom = options.providers ?? {};
    this.#context = {
      config,
      env: options.env ?? process.env,
      custom: new Set(Object.keys(custom)),
      tokens: options.tokens ?? {},
    };
    this.#services = this.#makeServices(custom, safeLogger(options.logger ?? loggerFor(config, this.#clock)));
    this.#toTarget = targetPipeline(this.#services);
  }

  /**
   * Reads `path`, or the file that MODELWRIGHT_CONFIG names, or the nearest models.toml from the working directory up.
   * @throws ConfigError with every mistake of the file, each with its place.
   */
  static async load<Models = Registered>(path?: string, options: FactoryOptions = {}): Promise<ModelFactory<Models>> {
    return new ModelFactory<Models>(await loadConfig(path, configOptions(options)), options);
  }

  /**
   * Reads the text of a models.toml; reads no file unless `options.baseDir` is given.
   * @throws ConfigError with every mistake of the text, each with its place.
   */
  static parse(toml: string, options: FactoryOptions = {}): ModelFactory<Record<never, never>> {
    return new ModelFactory<Record<never, never>>(parseConfig(toml, configOptions(options)), options);
  }

  /**
   * The model of an entry, `default_model` without a name. Loads no SDK; the same name gives the same object.
   * @throws ConfigError for an unknown name (with the nearest one) or a variable of this entry that is not set.
   */
  create(name?: NameOf<Models>): Model {
    return this.get(name ?? this.#config.defaultModel);
  }

  /** Like create, for names known only at run time. */
  get(name: string): Model {
    this.#checkOpen();
    const behind = this.#config.behind(name);
    let model = this.#models.get(behind);
    if (model === undefined) {
      const group = this.#config.group(behind);
      model = group === undefined ? this.#makeModel(behind) : this.#makeGroup(group);
      this.#models.set(behind, model);
    }
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
    const behind = this.#config.behind(name);
    const group = this.#config.group(behind);
    if (group === undefined) return this.#describe(behind);
    const [first, ...others] = group.members.map(({ model }) => model) as [string, ...string[]];
    const { strategy, fallbackModels } = group;
    const fallbacks = [...others, ...fallbackModels];
    return { ...this.#describe(first), name: behind, strategy, members: [first, ...others], fallbacks };
  }

  #describe(name: string): ModelDescription {
    const { provider, modelId, dialect, address, facts, price } = resolveTarget(name, this.#context, true);
    const problems = this.#problemsOf(name);
    return {
      name,
      provider,
      modelId,
      dialect,
      baseUrl: address.baseUrl === SIMULATED_URL ? "simulator" : withoutPassword(address.baseUrl),
      capabilities: facts.capabilities,
      context: facts.context ?? null,
      maxOutput: facts.maxOutput ?? null,
      price: price() ?? null,
      fallbacks: this.#config.entry(name).fallbackModels ?? [],
      ...(problems.length > 0 && { problems }),
    };
  }

  /** What the catalog knows about a provider's model id; null when nothing. */
  info(modelId: string): ModelInfo | null {
    return infoOf(modelId);
  }

  /**
   * What the entries will run into, found without a request: settings their models do not take, answers longer than the
   * window, fallbacks that lack what the entry is configured to use. Empty when there is nothing to say.
   */
  lint(): readonly LintFinding[] {
    const linter = new Linter(this.#context, (target) => this.#services.dialectOf(target));
    return this.#config.names.flatMap((name) => linter.entry(name));
  }

  /** What this factory's calls have used, in all or by model, provider, tag or day (UTC). */
  usage(): UsageTotal;
  usage(by: UsageGroup): Readonly<Record<string, UsageTotal>>;
  usage(by?: UsageGroup): UsageTotal | Readonly<Record<string, UsageTotal>> {
    return by === undefined ? this.#services.totals.total() : this.#services.totals.by(by);
  }

  /**
   * The circuit breakers, by entry. Entries that lead to one target with the same settings share one.
   * `state` is undefined where `circuit_breaker = false`; there `isolate` and `reset` do nothing.
   */
  get breakers(): BreakerControl {
    const { breakers } = this.#services;
    return {
      state: (name) => breakers.state(this.#target(this.#config.behind(name))),
      isolate: (name) => breakers.isolate(this.#target(this.#config.behind(name))),
      reset: (name) => breakers.reset(this.#target(this.#config.behind(name))),
    };
  }

  /**
   * Asks each entry for a few tokens, all at once, and says which answered: one request each, without retries, fallbacks
   * and breaker. The tokens are billed, and counted under the tag "health".
   * @throws ConfigError for an unknown name; never for a model that fails.
   */
  async health(options: HealthOptions = {}): Promise<Readonly<Record<string, ModelHealth>>> {
    this.#checkOpen();
    const { timeoutMs = 5_000 } = options;
    const names = options.names?.flatMap((name) => this.#entriesOf(name)) ?? this.#config.names;
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await this.#probe(name, timeoutMs)])));
  }

  /** The entry that a name stands for, or the members of the group. */
  #entriesOf(name: string): readonly string[] {
    const behind = this.#config.behind(name);
    return this.#config.group(behind)?.members.map(({ model }) => model) ?? [behind];
  }

  async #probe(name: string, deadlineMs: number): Promise<ModelHealth> {
    try {
      const target = this.#target(name);
      const alone = { numRetries: 0, retryOn: undefined, deadlineMs, breaker: undefined, hedgeAfterMs: undefined };
      const primary = { ...target, policy: { ...target.policy, ...alone } };
      const chain = { primary, fallbacks: () => undefined, leftOut: [] };
      return await healthOf(this.#modelOf(name, [primary], this.#runOf(chain)), this.#clock);
    } catch (error) {
      if (error instanceof ConfigError) return { healthy: false, latencyMs: 0, error };
      throw error;
    }
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

  #problemsOf(name: string): readonly string[] {
    try {
      this.#target(name);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems.map(({ message }) => message);
    }
  }

  #makeServices(custom: Readonly<Record<string, Dialect>>, logger: Logger): Services {
    const { cache: settings } = this.#config;
    this.#closers.push(() => this.#simulator.close());
    return {
      logger,
      logContent: this.#config.logging?.logContent ?? false,
      totals: new UsageTotals(),
      budgets: new RetryBudgets(),
      keys: new KeyStates(),
      breakers: new Breakers(this.#clock),
      cache:
        settings &&
        cache(new MemoryStore(settings.maxEntries, this.#clock), {
          ttlMs: settings.ttl,
          namespace: settings.namespace,
        }),
      dialectOf: (target) => {
        const dialect = custom[target.dialect] ?? dialectNamed(target.dialect);
        return target.provider === "simulator" ? this.#simulator.speaking(dialect) : dialect;
      },
    };
  }

  #makeModel(name: string): Model {
    const target = this.#target(name);
    if (target.tls?.rejectUnauthorized === false)
      this.#services.logger.warn("certificates are not checked", {
        model: name,
        help: "tls.reject_unauthorized is false",
      });
    const leftOut: string[] = [];
    const lists = this.#fallbacks(name, leftOut);
    const others = Object.values(lists).flatMap((list) => list ?? []);
    const run = this.#runOf({ primary: target, fallbacks: (kind) => lists[kind], leftOut });
    return this.#modelOf(name, [target], run, others);
  }

  #makeGroup({ name, members, fallbackModels, ...options }: GroupConfig): Model {
    const leftOut: string[] = [];
    const usable = members.flatMap(({ model, weight }) =>
      this.#usable(name, model, leftOut).map((target) => ({ target, weight })),
    );
    // Nobody can be asked: the first says why.
    if (usable.length === 0) this.#target(members[0]?.model ?? name);
    const fallbacks = fallbackModels.flatMap((model) => this.#usable(name, model, leftOut));
    const group = new Group({
      ...{ strategy: options.strategy, allowedFails: options.allowedFails, cooldownMs: options.cooldown },
      ...{ members: usable, fallbacks, leftOut },
      isOpen: (target) => /^(?:open|isolated)$/.test(this.#services.breakers.state(target) ?? ""),
    });
    const targets = usable.map(({ target }) => target) as [Target, ...Target[]];
    return this.#modelOf(name, targets, groupPipeline(this.#services, group, this.#toTarget), fallbacks);
  }

  #runOf(chain: Chain): Next {
    return modelPipeline(this.#services, () => chain, this.#toTarget);
  }

  /** `targets` are those that answer for the name: one, or the members of a group. */
  #modelOf(name: string, targets: readonly [Target, ...Target[]], run: Next, others: readonly Target[] = []): Model {
    const { dialectOf } = this.#services;
    const [target] = targets;
    return new Model({
      ...{ name, target, targets, run },
      dialect: dialectOf(target),
      manySamples: [...targets, ...others].every((one) => dialectOf(one).manySamples === true),
      transport: this.#transport,
      clock: this.#clock,
      random: this.#random,
      config: maskedConfig(this.#config.entry(target.entry)),
      checkOpen: () => this.#checkOpen(),
    });
  }

  #target(name: string): Target {
    let target = this.#targets.get(name);
    if (target === undefined) {
      target = resolveTarget(name, this.#context);
      this.#targets.set(name, target);
    }
    return target;
  }

  #fallbacks(name: string, leftOut: string[]): Readonly<Record<FallbackList, readonly Target[] | undefined>> {
    const entry = this.#config.entry(name);
    const usable = (list: readonly string[] | undefined) => list?.flatMap((one) => this.#usable(name, one, leftOut));
    return {
      general: usable(entry.fallbackModels),
      context: usable(entry.contextWindowFallbacks),
      policy: usable(entry.contentPolicyFallbacks),
      "rate-limit": usable(entry.rateLimitFallbacks),
    };
  }

  /** A fallback whose key is not set does not keep the model from working; log and errors say that it is left out. */
  #usable(name: string, fallback: string, leftOut: string[]): readonly Target[] {
    try {
      return [this.#target(fallback)];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#services.logger.warn("fallback left out", { model: name, fallback, reason: error.message });
      leftOut.push(`${fallback}: ${error.message}`);
      return [];
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new ModelError({ code: "aborted", message: "The factory is closed." });
  }
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

function configOptions(options: FactoryOptions) {
  const { env = process.env, profile, baseDir, providers = {} } = options;
  const hints = PROVIDERS.map(({ id, baseUrl, keyEnv }) => ({
    id,
    needsBaseUrl: baseUrl === undefined && id !== "vertex" && id !== "simulator",
    keyEnv,
  }));
  const own = Object.keys(providers).map((id) => ({ id, needsBaseUrl: false, keyEnv: [] }));
  return { env, profile, baseDir, providers: [...hints, ...own], dialects: [...BUILT_IN, ...Object.keys(providers)] };
}
