import { catalogIds, factsOf, infoOf } from "../catalog/lookup.ts";
import { isPriced, priceOf } from "../catalog/price.ts";
import { findProvider, type ProviderRow } from "../catalog/providers.ts";
import { reasoningDemandOf } from "../catalog/reasoning-demands.ts";
import type { Overlay } from "../catalog/table.ts";
import { thinksFromTheStart } from "../catalog/think-templates.ts";
import { camelOf } from "../config/entry-config.ts";
import type { Config, EntryConfig, PriceConfig } from "../config/load.ts";
import { keysWhere } from "../config/options.ts";
import { adaptationOf, policyOf } from "../config/policy.ts";
import { noPrice } from "../config/provider-checks.ts";
import { isReference } from "../config/references.ts";
import { readSmallFile, UnreadableFile } from "../config/small-file.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Price } from "../core/cost.ts";
import { ModelError } from "../core/error.ts";
import { readInput } from "../core/input.ts";
import { nodeCrypto } from "../core/node-crypto.ts";
import { own } from "../core/own.ts";
import { proxyFor } from "../core/proxy.ts";
import { pickSettings, type SettingName } from "../core/request.ts";
import { Secret } from "../core/secret.ts";
import { capabilitiesOf } from "../core/setting-capabilities.ts";
import { nearest } from "../core/suggest.ts";
import type {
  Address,
  Capabilities,
  Capability,
  Credentials,
  ModelFacts,
  Quirks,
  Target,
  Token,
} from "../core/target.ts";
import { isWireName } from "../core/wire-name.ts";
import { withoutEnd } from "../core/without-end.ts";
import { vertexBaseUrl } from "../dialects/google/address.ts";

export interface ResolveContext {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Facts besides the shipped ones. */
  readonly overlay: Overlay | undefined;
  /** Provider names that code registered a dialect for. */
  readonly custom: ReadonlySet<string>;
  readonly tokens: Readonly<Record<string, (request: { provider: string; model: string }) => Promise<Token | string>>>;
}

const SIMULATOR = "simulator";
/** An entry that is simulated goes nowhere. */
const NOT_SIMULATED = keysWhere(({ elsewhere }) => elsewhere === true);

/**
 * Entry, provider row and catalog facts as one destination; `forDisplay` does without its key.
 * @throws ConfigError when the entry needs a variable that is not set, or cannot be addressed.
 */
export function resolveTarget(name: string, context: ResolveContext, forDisplay = false): Target {
  const { config, custom, tokens, overlay } = context;
  const declared = config.entry(name);
  const simulated = declared.provider === SIMULATOR;
  const row = rowOf(declared, context);
  const hooked = own(tokens, declared.provider) !== undefined;
  const keyless =
    simulated ||
    hooked ||
    custom.has(declared.provider) ||
    row?.keyless === true ||
    row === undefined ||
    row.auth === "none";
  const skip = simulated ? NOT_SIMULATED : forDisplay ? ["api_key"] : [];
  const entry = config.resolveEntry(name, { skip, requireKey: !keyless && !forDisplay });
  const dialect = dialectFor(entry, row, custom);
  const facts = withOverrides(factsOf(row?.id ?? entry.provider, entry.name, overlay), entry.capabilities);
  refusePriceAs(entry, declared, context);
  const address = addressOf(entry, row, simulated, custom, config);
  const target: Target = {
    entry: name,
    provider: entry.provider,
    modelId: entry.name,
    dialect:
      facts.dialect !== undefined &&
      entry.customLlmProvider === undefined &&
      dialect === "openai" &&
      row?.id === "openai"
        ? facts.dialect
        : dialect,
    address,
    key: `${originOf(address.baseUrl)} ${entry.name}`,
    origin: originOf(address.baseUrl),
    auth:
      entry.authHeader ??
      (hooked && row?.tokenHook ? "bearer" : row?.auth) ??
      (dialect === "google" ? "x-goog-api-key" : "bearer"),
    credentials: credentialsOf(entry, simulated, tokens),
    headers: { ...row?.headers, ...entry.extraHeaders },
    extraBody: entry.extraBody ?? {},
    proxy: simulated ? undefined : proxyFor(entry.proxy, address.baseUrl, context.env),
    tls: tlsOf(entry.tls, config),
    settings: pickSettings(entry as unknown as Readonly<Record<string, unknown>>),
    system: entry.system,
    prelude: entry.messages === undefined ? [] : readInput(entry.messages),
    adaptation: adaptationOf(entry),
    unused: unusedKeys(entry, declared, dialect, row),
    quirks: {
      ...row?.quirks,
      thinkTags: thinkTagsFor(entry, row, simulated),
      reasoningDemand: facts.capabilities.reasoning === false ? undefined : reasoningDemandOf(row?.id, entry.name),
    },
    facts,
    price: once(() => priceFor(entry, row, context)),
    policy: policyOf(entry),
  };
  return Object.freeze({ ...target, withTools: withToolsOf(target, entry, row) });
}

/** Behind an address of one's own may be a server that has only the usual wire. */
function withToolsOf(target: Target, entry: EntryConfig, row: ProviderRow | undefined): Target | undefined {
  const { toolsDialect } = target.facts;
  const fixed = entry.customLlmProvider !== undefined || entry.baseUrl !== undefined || row?.id !== "openai";
  return toolsDialect === undefined || fixed || target.dialect !== row.dialect
    ? undefined
    : Object.freeze({ ...target, dialect: toolsDialect });
}

/**
 * What the model of an entry can do, as far as the file alone says which model that is: nothing is looked up. A setting
 * that the model's maker or host refuses counts as missing, one that `allow` lets through as unknown.
 */
export function declaredCapabilities(entry: EntryConfig): Capabilities {
  const row = rowOf(entry, NONE);
  const listed = isReference(entry.name) ? NO_FACTS : factsOf(row?.id ?? entry.provider, entry.name);
  const { capabilities, lacks = [] } = withOverrides(listed, entry.capabilities);
  const refused = [...lacks, ...(row?.quirks.lacks ?? [])];
  const allowed = (entry.allow ?? []).flatMap((key) => capabilitiesOf(camelOf(key) as SettingName) ?? []);
  const missing = Object.entries(SETTING_OF).filter(([, setting]) => refused.includes(setting));
  const known = Object.entries({ ...capabilities, ...Object.fromEntries(missing.map(([name]) => [name, false])) });
  return Object.fromEntries(known.filter(([name]) => !allowed.includes(name as Capability)));
}

const NONE = { custom: new Set<string>(), overlay: undefined };
const NO_FACTS: ModelFacts = { known: false, capabilities: {} };

/** What the file says plainly was checked when it was read; here is what a variable said. */
function refusePriceAs(
  { entry, priceAs }: EntryConfig,
  declared: EntryConfig,
  { config, overlay }: ResolveContext,
): void {
  if (priceAs === undefined || declared.priceAs === priceAs) return;
  if (own(config.pricing, priceAs) !== undefined || isPriced(priceAs, overlay)) return;
  const at = config.origin(entry, "price_as");
  const suggestion = nearest(priceAs, [...Object.keys(config.pricing), ...catalogIds(undefined, overlay)]);
  throw new ConfigError([
    {
      ...{ file: config.file, line: at?.line ?? 0, column: at?.column ?? 0, path: `models.${entry}.price_as` },
      message: noPrice(priceAs),
      ...(suggestion !== undefined && { suggestion }),
    },
  ]);
}

/** Keys that only some wires have a place for; on the others they are reported like any parameter that is left out. */
function unusedKeys(
  entry: EntryConfig,
  declared: EntryConfig,
  dialect: string,
  row: ProviderRow | undefined,
): Target["unused"] {
  const openai = dialect.startsWith("openai");
  const unused: { key: string; value: unknown; reason: string }[] = [];
  const note = (key: string, value: unknown, reason: string) => {
    if (value !== undefined) unused.push({ key, value, reason });
  };
  if (!openai) {
    // As written: for an entry that is simulated, a variable behind them need not be set.
    note("organization_id", declared.organizationId, `the ${dialect} wire has no organizations`);
    note("project_id", declared.projectId, `the ${dialect} wire has no projects`);
  }
  if (openai && row?.id !== "azure")
    note("api_version", entry.apiVersion, "only Azure's API has versions on this wire");
  if (dialect !== "google") {
    note("vertex_project", entry.vertexProject, "only Vertex has projects");
    note("vertex_location", entry.vertexLocation, "only Vertex has locations");
  }
  if (entry.maxParallel === undefined) note("queue", entry.queue, "nothing waits without max_parallel");
  return unused;
}

/** The row whose wire and facts hold: a simulated entry keeps those of the provider it stands in for. */
function rowOf(
  entry: EntryConfig,
  { custom, overlay }: Pick<ResolveContext, "custom" | "overlay">,
): ProviderRow | undefined {
  if (custom.has(entry.provider)) return undefined;
  if (entry.provider !== SIMULATOR) return findProvider(entry.provider);
  const stoodFor = entry.simulatedProvider ?? infoOf(entry.name, overlay)?.provider;
  return stoodFor === undefined ? undefined : findProvider(stoodFor);
}

function dialectFor(entry: EntryConfig, row: ProviderRow | undefined, custom: ReadonlySet<string>): string {
  // The simulator speaks no wire that code brought along.
  const speaks = entry.provider !== SIMULATOR || isWireName(entry.customLlmProvider);
  if (entry.customLlmProvider !== undefined && speaks) return entry.customLlmProvider;
  if (custom.has(entry.provider)) return entry.provider;
  return row?.dialect ?? "openai";
}

function addressOf(
  entry: EntryConfig,
  row: ProviderRow | undefined,
  simulated: boolean,
  custom: ReadonlySet<string>,
  config: Config,
): Address {
  const baseUrl = simulated
    ? SIMULATED_URL
    : (entry.baseUrl ?? (row?.id === "vertex" ? vertexBaseUrl(entry.vertexLocation ?? "global") : row?.baseUrl));
  if (baseUrl === undefined && !custom.has(entry.provider)) throw noAddress(entry, config);
  const azure = row?.id === "azure" && entry.apiVersion !== undefined;
  return {
    baseUrl: row?.id === "azure" && !azure && !simulated ? azureV1(baseUrl as string) : (baseUrl ?? SIMULATED_URL),
    apiVersion: entry.apiVersion,
    organization: entry.organizationId,
    project: entry.projectId,
    vertexProject: entry.vertexProject ?? (simulated && row?.id === "vertex" ? "simulated" : undefined),
    vertexLocation: entry.vertexLocation ?? (row?.id === "vertex" ? "global" : undefined),
    azure,
  };
}

/** A server at an address of one's own may run anything, under any name: only the entry says that it has no thoughts. */
function thinkTagsFor(entry: EntryConfig, row: ProviderRow | undefined, simulated: boolean): Quirks["thinkTags"] {
  const own = entry.baseUrl !== undefined && !simulated;
  if (entry.capabilities?.reasoning === false || !(own || row?.quirks.thinkTags !== undefined)) return undefined;
  return row?.id === "vllm" && thinksFromTheStart(entry.name) ? "opened" : "tagged";
}

/** Stands for the address of the embedded simulator until it has started. */
export const SIMULATED_URL = "http://simulator.invalid";

/** Without a dated `api_version`, Azure speaks its v1 API, which is OpenAI's own under another path. */
function azureV1(baseUrl: string): string {
  const trimmed = withoutEnd(baseUrl, "/");
  return trimmed.endsWith("/openai/v1") ? trimmed : `${trimmed}/openai/v1`;
}

function noAddress(entry: EntryConfig, config: Config): ConfigError {
  const at = config.origin(entry.entry, "provider");
  return new ConfigError([
    {
      file: config.file,
      line: at?.line ?? 0,
      column: at?.column ?? 0,
      path: `models.${entry.entry}.base_url`,
      message: `provider "${entry.provider}" has no address of its own: give base_url`,
    },
  ]);
}

function originOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).origin : baseUrl;
}

function credentialsOf(entry: EntryConfig, simulated: boolean, tokens: ResolveContext["tokens"]): Credentials {
  if (simulated) return { keys: [] };
  const hook = own(tokens, entry.provider);
  const keys = (entry.apiKey ?? []).map((key) => new Secret(key));
  if (hook === undefined) return { keys };
  return { keys, token: async () => tokenOf(await hook({ provider: entry.provider, model: entry.entry })) };
}

/** Milliseconds since 1970 that are less are seconds: they would be in 1973. */
const FEWEST_MS = 100_000_000_000;

/** What a hook gave, checked: it is code of the caller. */
function tokenOf(given: unknown): Token {
  const { token, expiresAt } =
    typeof given === "object" && given !== null ? (given as Partial<Token>) : { token: given };
  if (typeof token !== "string" || token === "") throw badToken("it must give a text, or { token, expiresAt }");
  if (expiresAt === undefined) return { token };
  if (typeof expiresAt !== "number" || !(expiresAt >= FEWEST_MS))
    throw badToken("expiresAt must be milliseconds since 1970: seconds times 1000");
  return { token, expiresAt };
}

function badToken(message: string): ModelError {
  return new ModelError({ code: "unauthorized", message, shouldRetry: false });
}

function tlsOf(tls: EntryConfig["tls"], config: Config): Target["tls"] {
  if (tls === undefined) return undefined;
  const { caFile, rejectUnauthorized } = tls;
  return {
    ...(caFile !== undefined && { ca: readCa(caFile, config) }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function readCa(file: string, config: Config): string {
  try {
    const text = readSmallFile(file);
    new (nodeCrypto().X509Certificate)(text);
    return text;
  } catch (cause) {
    throw new ConfigError(
      [
        {
          file: config.file,
          line: 0,
          column: 0,
          path: "tls.ca_file",
          message: `the certificate file ${file} ${cause instanceof UnreadableFile ? cause.message : "holds no certificate in PEM form"}`,
        },
      ],
      { cause },
    );
  }
}

/** Settings of a capability that says yes: what the catalog knows against them is wrong then. */
const SETTING_OF: Partial<Record<keyof Capabilities, SettingName>> = {
  temperature: "temperature",
  stop: "stop",
  reasoning: "reasoningEffort",
  parallelTools: "parallelToolCalls",
};

function withOverrides(facts: ModelFacts, overrides: EntryConfig["capabilities"]): ModelFacts {
  if (overrides === undefined) return facts;
  const { context, maxOutput, ...flags } = overrides;
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as Capabilities;
  const able = (Object.keys(given) as (keyof Capabilities)[])
    .filter((name) => given[name] === true)
    .map((name) => SETTING_OF[name]);
  const lacks = facts.lacks?.filter((name) => !able.includes(name));
  return {
    ...facts,
    capabilities: { ...facts.capabilities, ...given },
    lacks,
    ...(context !== undefined && { context }),
    ...(maxOutput !== undefined && { maxOutput }),
  };
}

function priceFor(
  entry: EntryConfig,
  row: ProviderRow | undefined,
  { config, overlay }: ResolveContext,
): Price | undefined {
  const id = entry.priceAs ?? entry.name;
  const listedAt = (provider: string | undefined, model: string) => priceOf(provider, model, undefined, overlay);
  const listed = () =>
    entry.priceAs === undefined
      ? listedAt(row?.id ?? entry.provider, entry.name)
      : (listedAt(row?.id, id) ?? listedAt(undefined, id));
  return laidOver(entry.pricing, () => laidOver(own(config.pricing, id), listed));
}

/** A table with input and output stands alone; one that lacks them changes only what it names. */
function laidOver(given: PriceConfig | undefined, below: () => Price | undefined): Price | undefined {
  if (given === undefined) return below();
  // A rate that is written for all writes to the cache is the best guess for writes for an hour, where nothing says more.
  const hour = given.cacheWrite === undefined ? {} : { assumed1h: given.cacheWrite };
  if (given.input !== undefined && given.output !== undefined) return { ...hour, ...given } as Price;
  const price = below();
  if (price === undefined) return undefined;
  const over = <Rates extends object>(rates: Rates): Rates => ({
    ...hour,
    ...rates,
    ...given,
  });
  const { tiers, ...rates } = price;
  return { ...over(rates), ...(tiers !== undefined && { tiers: tiers.map(over) }) };
}

function once<T>(compute: () => T): () => T {
  let done: { readonly value: T } | undefined;
  return () => {
    done ??= { value: compute() };
    return done.value;
  };
}
