import { foreignFamily, nearId, prefixedId, successorOf, vendorAt } from "../catalog/likely-ids.ts";
import { anyModelOf } from "../config/any-model-of.ts";
import { SIMULATOR } from "../config/layering.ts";
import { adapt } from "../core/adapt.ts";
import { adaptEmbedding } from "../core/adapt-embedding.ts";
import type { CallInput } from "../core/call.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Dialect } from "../core/dialect.ts";
import { hasSameVectors } from "../core/embedding.ts";
import { isModelError } from "../core/error.ts";
import { mediaRefusal } from "../core/media.ts";
import { EMPTY_REQUEST, keyOf } from "../core/request.ts";
import { retirementOf } from "../core/retirement.ts";
import { capabilitiesUsed } from "../core/supported-settings.ts";
import type { Target } from "../core/target.ts";
import { servingTarget } from "../core/tools-target.ts";
import { missingHeaders } from "./credential-remedy.ts";
import { rowOf } from "./entry-provider.ts";
import type { LintFinding } from "./lint-finding.ts";
import { idleKeys } from "./lint-kind.ts";
import { budgetFindings, rateLimitFindings } from "./lint-limits.ts";
import { resolveTarget } from "./resolve.ts";
import type { ResolveContext } from "./resolve-context.ts";

/** A minimal call, so that all its adjustments come from the entry. */
const PROBE: CallInput = {
  ...EMPTY_REQUEST,
  messages: [{ role: "user", content: "Hello" }],
  raw: false,
  tags: [],
  adaptation: { strict: false, dropParams: true, modifyParams: true },
};

const LISTS = ["fallbackModels", "contextWindowFallbacks", "contentPolicyFallbacks", "rateLimitFallbacks"] as const;

/**
 * Runs the code that adapts requests for each entry, without sending one. Entries with variables that are not set are checked
 * as far as possible.
 */
export class Linter {
  readonly #context: ResolveContext;
  readonly #dialectOf: (target: Target) => Dialect;
  readonly #nowMs: number;
  readonly #targets = new Map<string, Target | undefined>();

  constructor(context: ResolveContext, dialectOf: (target: Target) => Dialect, nowMs: number) {
    this.#context = context;
    this.#dialectOf = dialectOf;
    this.#nowMs = nowMs;
  }

  entry(name: string): readonly LintFinding[] {
    const target = this.#target(name);
    if (target === undefined) return [];
    return [
      ...(this.#vendor(target) ?? this.#id(target)),
      ...this.#retirement(target),
      ...this.#headers(target),
      ...this.#changes(target),
      ...this.#idle(target),
      ...this.#window(target),
      ...this.#fallbacks(target),
    ];
  }

  /** Budgets and rate limits. */
  limits(): readonly LintFinding[] {
    const { config } = this.#context;
    const targets = config.names.flatMap((name) => this.#target(name) ?? []);
    const matched = [...config.budgets, ...config.rateLimits].flatMap(({ match }) => match?.models ?? []);
    const discovered = [...config.discovering.map(anyModelOf), ...matched].flatMap((name) => this.#target(name) ?? []);
    return [...budgetFindings(config, targets, discovered), ...rateLimitFindings(config, targets, discovered)];
  }

  /** A model of another vendor at a vendor's own host. */
  #vendor(target: Target): readonly LintFinding[] | undefined {
    const { config, overlay } = this.#context;
    const { entry, modelId, origin } = target;
    const vendor = vendorAt(origin);
    const foreign = vendor === undefined ? undefined : foreignFamily(vendor, modelId, overlay);
    if (vendor === undefined || foreign === undefined) return undefined;
    const declared = config.entry(entry);
    const providers = foreign.vendors.map((id) => `provider = "${id}"`).join(" or ");
    const written = [
      ...(declared.baseUrl === undefined ? [] : ["base_url"]),
      ...(declared.customLlmProvider === undefined ? [] : ["custom_llm_provider"]),
    ];
    const rest = written.length === 0 ? "" : ` without ${written.join(" and ")}`;
    const message = `${vendor} has no ${foreign.family} models such as "${modelId}"; write ${providers}${rest}`;
    return [this.#finding(target, "warning", "provider", message)];
  }

  /** An unknown model id that is close to a known one of the provider; not checked with a custom `base_url`. */
  #id(target: Target): readonly LintFinding[] {
    const { config, overlay } = this.#context;
    const { baseUrl } = config.entry(target.entry);
    if (target.provider === SIMULATOR || baseUrl !== undefined) return [];
    const { provider, modelId } = target;
    const prefixed = prefixedId(provider, modelId, overlay);
    if (prefixed !== undefined) {
      const place = prefixed.provider === provider ? "" : `provider = "${prefixed.provider}", `;
      const message = `${provider} has no model "${modelId}"; write ${place}name = "${prefixed.id}"`;
      return [this.#finding(target, "warning", "name", message)];
    }
    const suggestion = target.facts.known ? undefined : nearId(provider, modelId, overlay);
    if (suggestion === undefined) return [];
    const message = `the catalog has no model "${modelId}" of ${provider}`;
    return [{ ...this.#finding(target, "warning", "name", message), suggestion }];
  }

  #retirement(target: Target): readonly LintFinding[] {
    const { modelId, provider } = target;
    const { retiresOn } = target.facts;
    const when = provider === SIMULATOR ? undefined : retirementOf(retiresOn, this.#nowMs);
    if (when !== "past" && when !== "near") return [];
    const successor = successorOf(provider, modelId);
    const advice = successor === undefined ? "" : `; use ${successor}`;
    const message = `${modelId} ${when === "past" ? "retired" : "retires"} on ${retiresOn}${advice}`;
    return [this.#finding(target, "warning", "name", message)];
  }

  /** Headers that only the user can set; a server at a custom `base_url` may add them. */
  #headers(target: Target): readonly LintFinding[] {
    const entry = this.#context.config.entry(target.entry);
    if (target.provider === SIMULATOR || entry.baseUrl !== undefined) return [];
    return missingHeaders({ entry, row: rowOf(entry, this.#context) }).map(({ name, meaning }) => {
      const message = `${target.provider} expects the header "${name}", ${meaning}; set it in extra_headers`;
      return this.#finding(target, "warning", "provider", message);
    });
  }

  #changes(target: Target): readonly LintFinding[] {
    if (target.facts.embedding !== undefined) return this.#embedding(target);
    const unreadable = mediaRefusal(target.prelude, target, this.#dialectOf(target));
    if (unreadable !== undefined) return [this.#finding(target, "error", "messages", unreadable.message)];
    try {
      const serving = servingTarget(target, PROBE);
      const { forced } = adapt(PROBE, serving, this.#dialectOf(serving));
      const { strict, dropParams, modifyParams } = target.adaptation;
      return forced.map(({ setting, from, to, reason }) => {
        const refused = strict || (to === undefined ? !dropParams : !modifyParams);
        const key = strict ? "strict is on" : to === undefined ? "drop_params is off" : "modify_params is off";
        const change = to === undefined ? "is left out" : `becomes ${JSON.stringify(to)}`;
        const words = refused ? `cannot be sent, and ${key}` : change;
        const what = to === undefined ? `"${setting}"` : `"${setting}" = ${JSON.stringify(from)}`;
        return this.#finding(target, refused ? "error" : "warning", setting, `${what} ${words}: ${reason}`);
      });
    } catch (error) {
      if (!isModelError(error)) throw error;
      return [this.#finding(target, "error", "name", error.message)];
    }
  }

  #idle(target: Target): readonly LintFinding[] {
    const keys = idleKeys(target, this.#dialectOf(target), this.#context.config);
    return keys.map(({ key, message }) => this.#finding(target, "warning", key, message));
  }

  #embedding(target: Target): readonly LintFinding[] {
    const { dimensions } = target.policy;
    try {
      adaptEmbedding(PROBE, { texts: ["Hello"], dimensions }, target, this.#dialectOf(target));
      return [];
    } catch (error) {
      if (!isModelError(error)) throw error;
      return [this.#finding(target, "error", dimensions === undefined ? "name" : "dimensions", error.message)];
    }
  }

  #window(target: Target): readonly LintFinding[] {
    if (target.facts.embedding !== undefined) return [];
    const { context, maxOutput = Number.POSITIVE_INFINITY } = target.facts;
    const { maxNewTokens } = target.settings;
    if (context === undefined || maxNewTokens === undefined || Math.min(maxNewTokens, maxOutput) < context) return [];
    const message = `"max_new_tokens" (${maxNewTokens}) leaves no room for a prompt: the context window of ${target.modelId} has ${context} tokens`;
    return [this.#finding(target, "error", "max_new_tokens", message)];
  }

  /** Fallbacks need the capabilities that the entry uses. */
  #fallbacks(target: Target): readonly LintFinding[] {
    if (target.facts.capabilities.embeddings === true) return this.#otherVectors(target);
    const used = capabilitiesUsed(target.settings).filter((one) => target.facts.capabilities[one] !== false);
    if (used.length === 0) return [];
    const entry = this.#context.config.entry(target.entry);
    return LISTS.flatMap((list) =>
      (entry[list] ?? []).flatMap((name) => {
        const missing = used.filter((one) => this.#target(name)?.facts.capabilities[one] === false);
        if (missing.length === 0) return [];
        const words = missing.map((one) => keyOf(one).replace("_", " ")).join(", ");
        const message = `the fallback "${name}" does not support ${words}, which "${target.entry}" uses`;
        return [this.#finding(target, "warning", keyOf(list), message)];
      }),
    );
  }

  /** Vectors of different models cannot be compared. */
  #otherVectors(target: Target): readonly LintFinding[] {
    const entry = this.#context.config.entry(target.entry);
    return LISTS.flatMap((list) =>
      (entry[list] ?? []).flatMap((name) => {
        const other = this.#target(name);
        if (other === undefined || hasSameVectors(other, target)) return [];
        const message = `embed() never uses the fallback "${name}": it serves ${other.modelId}, whose vectors cannot be compared with those of ${target.modelId}`;
        return [this.#finding(target, "warning", keyOf(list), message)];
      }),
    );
  }

  #finding(target: Target, severity: LintFinding["severity"], key: string, message: string): LintFinding {
    const { config } = this.#context;
    const origin = config.origin(target.entry, key) ?? config.origin(target.entry, "name");
    const { file, line = 0, column = 0 } = origin ?? { file: config.file };
    // For an inherited key, the position alone does not identify the entry.
    const isOwn = origin === undefined || origin.from.endsWith(`models.${target.entry}`);
    const words = isOwn ? message : `in "${target.entry}": ${message}`;
    return { severity, model: target.entry, file, line, column, path: `models.${target.entry}.${key}`, message: words };
  }

  #target(name: string): Target | undefined {
    if (!this.#targets.has(name)) this.#targets.set(name, this.#resolved(name));
    return this.#targets.get(name);
  }

  #resolved(name: string): Target | undefined {
    try {
      return resolveTarget(name, this.#context, true);
    } catch (error) {
      if (error instanceof ConfigError) return undefined;
      throw error;
    }
  }
}
