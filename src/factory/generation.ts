import { infoOf, type ModelInfo } from "../catalog/lookup.ts";
import type { Config, GroupConfig } from "../config/load.ts";
import { maskedConfig, withoutPassword } from "../config/masked-config.ts";
import { invalidOption } from "../core/check-options.ts";
import type { Clock } from "../core/clock.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Next } from "../core/layer.ts";
import type { Target } from "../core/target.ts";
import { servingTarget } from "../core/tools-target.ts";
import type { Transport } from "../core/transport.ts";
import type { BudgetStatus } from "../layers/budget-status.ts";
import { Group, type GroupOptions } from "../layers/group.ts";
import type { Chain, FallbackList } from "../layers/target-search.ts";
import type { EmbeddingRoute, ModelContext } from "../model/call.ts";
import { type DiscoverOptions, type Discovery, discover } from "../model/discovery.ts";
import { SIMULATED_URL } from "../target/address.ts";
import { Linter } from "../target/lint.ts";
import type { LintFinding } from "../target/lint-finding.ts";
import type { ModelDescription } from "../target/model-description.ts";
import { resolveTarget } from "../target/resolve.ts";
import type { ResolveContext } from "../target/resolve-context.ts";
import { entryRoute, groupRoute } from "./embedding-route.ts";
import { type ListedModel, type ListOptions, ModelList } from "./model-list.ts";
import { groupPipeline, modelPipeline, type Services, targetPipeline } from "./pipeline.ts";

/** What all generations of a factory share. */
export interface Surroundings extends Pick<ModelContext, "transport" | "clock" | "random" | "checkOpen"> {
  readonly transport: Transport;
  readonly clock: Clock;
}

/** One loaded models.toml with its services. A reload creates a new one; in-flight calls keep theirs. */
export class Generation {
  readonly config: Config;
  readonly #resolving: ResolveContext;
  readonly services: Services;
  readonly #around: Surroundings;
  /** The layers below fallback. */
  readonly #toTarget: Next;
  readonly #toVectors = once(() => targetPipeline(this.services, "embed"));
  readonly #contexts = new Map<string, ModelContext>();
  readonly #targets = new Map<string, Target>();
  readonly #list = once(() => this.#modelList());

  constructor(resolving: ResolveContext, services: Services, around: Surroundings) {
    this.config = resolving.config;
    this.#resolving = resolving;
    this.services = services;
    this.#around = around;
    this.#toTarget = targetPipeline(services, "generate");
  }

  /**
   * The context for models of an entry or group.
   * @throws ConfigError for an unknown name, or a variable that is not set.
   */
  contextOf(name: string): ModelContext {
    const resolved = this.config.resolveName(name);
    let context = this.#contexts.get(resolved);
    if (context === undefined) {
      const group = this.config.group(resolved);
      context = group === undefined ? this.#entryContext(resolved) : this.#groupContext(group);
      this.#contexts.set(resolved, context);
    }
    return context;
  }

  /** The context of one entry with other policies and without fallbacks. */
  aloneWith(name: string, policy: Partial<Target["policy"]>): ModelContext {
    const target = this.target(name);
    const primary = { ...target, policy: { ...target.policy, ...policy } };
    return this.#chainContext(name, { primary, fallbacks: () => undefined, leftOut: [] });
  }

  /** The entry of a name, or the members of a group. */
  entriesOf(name: string): readonly string[] {
    const resolved = this.config.resolveName(name);
    return this.config.group(resolved)?.members.map(({ model }) => model) ?? [resolved];
  }

  target(name: string): Target {
    const resolved = this.config.resolveName(name);
    let target = this.#targets.get(resolved);
    if (target === undefined) {
      target = resolveTarget(resolved, this.#resolving);
      this.#targets.set(resolved, target);
    }
    return target;
  }

  describe(name: string): ModelDescription {
    const resolved = this.config.resolveName(name);
    const group = this.config.group(resolved);
    if (group === undefined) return this.#describe(resolved);
    const [first, ...others] = group.members.map(({ model }) => model) as [string, ...string[]];
    const fallbacks = [...others, ...group.fallbackModels];
    return {
      ...this.#describe(first),
      ...{ name: resolved, strategy: group.strategy, members: [first, ...others], fallbacks },
    };
  }

  /** Entries and groups, then the models that providers with `discover = true` list. */
  list(options: ListOptions): Promise<readonly ListedModel[]> {
    return this.#list().read(options);
  }

  /** Requests the list of models of an entry's provider. */
  async discover(name: string, options: DiscoverOptions): Promise<Discovery> {
    const target = this.target(name);
    return discover({ ...this.#around, target, dialect: this.services.dialectOf(target) }, options);
  }

  info(modelId: string): ModelInfo | null {
    return infoOf(modelId, this.#resolving.overlay);
  }

  lint(): readonly LintFinding[] {
    const linter = new Linter(this.#resolving, this.services.dialectOf, this.#around.clock.now());
    return [...this.config.names.flatMap((name) => linter.entry(name)), ...linter.limits()];
  }

  /** @throws ModelError `invalid_request` for an unknown name. */
  async budgetStatus(name: string | undefined): Promise<readonly BudgetStatus[]> {
    const { budgets } = this.config;
    const chosen = name === undefined ? budgets : budgets.filter((budget) => budget.name === name);
    if (name !== undefined && chosen.length === 0) {
      const known = budgets.map((budget) => budget.name).join(", ");
      throw invalidOption(`unknown budget "${name}"; ${known === "" ? "there are none" : `known budgets: ${known}`}`);
    }
    const { reservations, countedBefore } = this.services;
    const rows = await Promise.all(chosen.map((budget) => reservations.statusOf(budget, countedBefore)));
    return rows.flat();
  }

  #modelList(): ModelList {
    const { config, services } = this;
    const written = new Set([...config.names, ...config.groups, ...Object.keys(config.aliases)]);
    return new ModelList({
      names: [...config.names, ...config.groups],
      providers: config.discovering,
      logger: services.logger,
      clock: this.#around.clock,
      discover: (name, options) => this.discover(name, options),
      describe: (name) => this.describe(name),
      describeDiscovered: (name) => this.#withoutProblems(name),
      isWritten: (name) => written.has(name),
    });
  }

  #describe(name: string): ModelDescription {
    const problems = this.#problemsOf(name);
    return { ...this.#withoutProblems(name), ...(problems.length > 0 && { problems }) };
  }

  #withoutProblems(name: string): ModelDescription {
    const { provider, modelId, dialect, address, facts, price } = resolveTarget(name, this.#resolving, true);
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
      fallbacks: this.config.entry(name).fallbackModels ?? [],
    };
  }

  #problemsOf(name: string): readonly string[] {
    try {
      this.target(name);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems.map(({ message }) => message);
    }
  }

  #entryContext(name: string): ModelContext {
    const target = this.target(name);
    if (target.tls?.rejectUnauthorized === false)
      this.services.logger.warn("certificates are not verified", {
        model: name,
        help: "tls.reject_unauthorized is false",
      });
    const leftOut: string[] = [];
    const lists = this.#fallbacks(name, leftOut);
    const others = Object.values(lists).flatMap((list) => list ?? []);
    return this.#chainContext(name, { primary: target, fallbacks: (kind) => lists[kind], leftOut }, others);
  }

  #groupContext({ name, members, fallbackModels, strategy, allowedFails, cooldown }: GroupConfig): ModelContext {
    const leftOut: string[] = [];
    const usable = members.flatMap(({ model, weight }) =>
      this.#usable(name, model, leftOut).map((target) => ({ target, weight })),
    );
    // No member can be used: throws the problem of the first one.
    if (usable.length === 0) this.target(members[0]?.model ?? name);
    const fallbacks = fallbackModels.flatMap((model) => this.#usable(name, model, leftOut));
    const { breakers, groups } = this.services;
    const options: GroupOptions = {
      ...{ strategy, allowedFails, cooldownMs: cooldown, members: usable, fallbacks, leftOut },
      state: groups.of(name),
      isOpen: (target) => OPEN.has(breakers.state(target)),
    };
    const targets = usable.map(({ target }) => target) as [Target, ...Target[]];
    const run = groupPipeline(this.services, "generate", new Group(options), this.#toTarget);
    const modelIds = members.map(({ model }) => this.#modelIdOf(model, targets));
    const embeddings = () =>
      groupRoute(name, options, modelIds, { services: this.services, toVectors: this.#toVectors() });
    return this.#context(name, targets, { run, embeddings }, fallbacks);
  }

  /** That of a member that cannot be used is only known from the file. */
  #modelIdOf(name: string, usable: readonly Target[]): string {
    return usable.find(({ entry }) => entry === name)?.modelId ?? this.config.entry(name).name;
  }

  #chainContext(name: string, chain: Chain, others: readonly Target[] = []): ModelContext {
    const run = modelPipeline(this.services, "generate", () => chain, this.#toTarget);
    const embeddings = () => entryRoute(this.services, this.#toVectors(), chain);
    return this.#context(name, [chain.primary], { run, embeddings }, others);
  }

  /** `targets`: the target, or the members of a group. */
  #context(
    name: string,
    targets: readonly [Target, ...Target[]],
    { run, embeddings }: { readonly run: Next; readonly embeddings: () => EmbeddingRoute },
    others: readonly Target[] = [],
  ): ModelContext {
    const { dialectOf } = this.services;
    const { transport, clock, random, checkOpen } = this.#around;
    const [target] = targets;
    const everyone = [...targets, ...others];
    return {
      ...{ name, target, targets, run, transport, clock, random, checkOpen },
      embeddings: once(embeddings),
      dialect: dialectOf(target),
      manySamples: (input) => everyone.every((one) => dialectOf(servingTarget(one, input)).manySamples === true),
      continuesOnLength: everyone.some(({ policy }) => policy.continueOnLength > 0),
      config: maskedConfig(this.config.entry(target.entry)),
    };
  }

  #fallbacks(name: string, leftOut: string[]): Readonly<Record<FallbackList, readonly Target[] | undefined>> {
    const entry = this.config.entry(name);
    const usable = (list: readonly string[] | undefined) => list?.flatMap((one) => this.#usable(name, one, leftOut));
    return {
      general: usable(entry.fallbackModels),
      context: usable(entry.contextWindowFallbacks),
      policy: usable(entry.contentPolicyFallbacks),
      "rate-limit": usable(entry.rateLimitFallbacks),
    };
  }

  /** A fallback without a key is skipped; log and errors report it. */
  #usable(name: string, fallback: string, leftOut: string[]): readonly Target[] {
    try {
      return [this.target(fallback)];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.services.logger.warn("fallback skipped", { model: name, fallback, reason: error.message });
      leftOut.push(`${fallback}: ${error.message}`);
      return [];
    }
  }
}

/** Most programs never ask for embeddings. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const OPEN: ReadonlySet<string | undefined> = new Set(["open", "isolated"]);
