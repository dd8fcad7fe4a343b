import { reasoningDemandOf } from "../catalog/reasoning-demands.ts";
import { thinksFromTheStart } from "../catalog/think-templates.ts";
import { SIMULATOR } from "../config/layering.ts";
import { keysWhere } from "../config/options.ts";
import { adaptationOf, policyOf } from "../config/policy.ts";
import { readInput } from "../core/input.ts";
import { proxyFor } from "../core/proxy.ts";
import { pickSettings } from "../core/request.ts";
import type { ModelFacts, Quirks, Target } from "../core/target.ts";
import { addressOf, originOf } from "./address.ts";
import { factsFor } from "./capabilities.ts";
import { authOf, credentialsOf, needsKey } from "./credentials.ts";
import { dialectFor, rowOf, toolsDialectFor } from "./entry-provider.ts";
import { checkPriceAs, type ListedPrice, priceFor } from "./pricing.ts";
import type { ResolveContext, ResolvedEntry } from "./resolve-context.ts";
import { tlsOf } from "./tls.ts";
import { unusedKeys } from "./unused-keys.ts";

/**
 * Resolves entry, provider row and catalog facts to a target; `forDisplay` does not need a key.
 * @throws ConfigError if the entry needs a variable that is not set, or has no URL.
 */
export function resolveTarget(name: string, context: ResolveContext, forDisplay = false): Target {
  const source = readEntry(name, context, forDisplay);
  const { entry, row, simulated } = source;
  const facts = factsFor(entry, row, context.overlay);
  const dialect = dialectFor(source, facts, context);
  checkPriceAs(source, context);
  const address = addressOf(source, context);
  const origin = originOf(address.baseUrl);
  const target: Target = {
    ...{ entry: name, provider: entry.provider, modelId: entry.name, simulated, dialect, address, origin, facts },
    // Entries with answers of their own fail independently of each other.
    key: entry.mockResponse === undefined ? `${origin} ${entry.name}` : `${origin} ${entry.name} ${name}`,
    mock: entry.mockResponse,
    auth: authOf(source, dialect, context),
    credentials: credentialsOf(source, context),
    headers: { ...row?.headers, ...entry.extraHeaders },
    extraBody: entry.extraBody ?? {},
    proxy: simulated ? undefined : proxyFor(entry.proxy, address.baseUrl, context.env),
    tls: tlsOf(entry.tls, context.config),
    settings: pickSettings(entry as unknown as Readonly<Record<string, unknown>>),
    system: entry.system,
    prelude: entry.messages === undefined ? [] : readInput(entry.messages),
    adaptation: adaptationOf(entry),
    unused: unusedKeys(source, dialect),
    quirks: quirksOf(source, facts),
    ...pricing(once(() => priceFor(source, context))),
    policy: policyOf(entry),
  };
  const toolsDialect = toolsDialectFor(source, facts, dialect);
  const withTools = toolsDialect === undefined ? undefined : Object.freeze({ ...target, dialect: toolsDialect });
  return Object.freeze({ ...target, withTools });
}

/** Keys that a simulated entry ignores, because its requests stay local. */
const NOT_SIMULATED = keysWhere(({ elsewhere }) => elsewhere === true);

function readEntry(name: string, context: ResolveContext, forDisplay: boolean): ResolvedEntry {
  const { config } = context;
  const declared = config.entry(name);
  const row = rowOf(declared, context);
  const simulated = declared.provider === SIMULATOR;
  const skip = simulated ? NOT_SIMULATED : forDisplay ? ["api_key"] : [];
  const requireKey = !forDisplay && needsKey(declared, row, context);
  return { declared, row, simulated, entry: config.resolveEntry(name, { skip, requireKey }) };
}

function quirksOf(source: ResolvedEntry, { capabilities }: ModelFacts): Quirks {
  const { entry, row } = source;
  return {
    ...row?.quirks,
    thinkTags: thinkTagsFor(source),
    reasoningDemand: capabilities.reasoning === false ? undefined : reasoningDemandOf(row?.id, entry.name),
  };
}

/** A server with a custom `base_url` may serve any model; only the entry can declare that it has no reasoning. */
function thinkTagsFor({ entry, row, simulated }: ResolvedEntry): Quirks["thinkTags"] {
  const own = entry.baseUrl !== undefined && !simulated;
  if (entry.capabilities?.reasoning === false || !(own || row?.quirks.thinkTags !== undefined)) return undefined;
  return row?.rawChatTemplate === true && thinksFromTheStart(entry.name) ? "opened" : "tagged";
}

function pricing(found: () => ListedPrice | undefined): Pick<Target, "price" | "priceOrigin"> {
  return { price: () => found()?.price, priceOrigin: () => found() };
}

function once<T>(compute: () => T): () => T {
  let done: { readonly value: T } | undefined;
  return () => {
    done ??= { value: compute() };
    return done.value;
  };
}
