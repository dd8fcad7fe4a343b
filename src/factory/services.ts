import type { Config } from "../config/load.ts";
import type { Clock } from "../core/clock.ts";
import type { Embedder } from "../core/embedder.ts";
import type { ModelError } from "../core/error.ts";
import type { Hooks } from "../core/hooks.ts";
import type { Ledger } from "../core/ledger.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { MAX_ANSWER_BYTES } from "../layers/answer-store.ts";
import { BudgetNotices } from "../layers/budget-notices.ts";
import { BudgetPeriods } from "../layers/budget-periods.ts";
import type { CountedBefore } from "../layers/budget-status.ts";
import { cache } from "../layers/cache.ts";
import { CacheCounts } from "../layers/cache-counts.ts";
import { Charges, type SpentBefore } from "../layers/charges.ts";
import { Breakers } from "../layers/circuit-breaker.ts";
import { GroupStates } from "../layers/group-states.ts";
import { hookLayers } from "../layers/interception.ts";
import { KeyStates } from "../layers/key-states.ts";
import { Lines } from "../layers/line.ts";
import { Reservations } from "../layers/reservations.ts";
import { RetryBudgets } from "../layers/retry-budget.ts";
import { UsageTotals } from "../layers/usage-totals.ts";
import { openLedger } from "../ledger/open-ledger.ts";
import type { ModelContext } from "../model/call.ts";
import { changedInput } from "../model/changed-input.ts";
import { MemoryStore } from "../stores/memory.ts";
import { MemoryCounters } from "../stores/memory-counters.ts";
import { openCounters } from "../stores/open-counters.ts";
import { openValues } from "../stores/open-values.ts";
import { loggerFor, safeLogger } from "../target/log-writer.ts";
import type { Generation } from "./generation.ts";
import { auditFileFor, observersOf, telemetryFor } from "./observers.ts";
import type { CacheService, Services, SharedServices } from "./pipeline.ts";
import { type SemanticEmbedder, semanticEmbedder } from "./semantic-embedder.ts";

/** State that all calls of a factory share, across reloads. */
export function sharedServices(
  clock: Clock,
  dialectOf: SharedServices["dialectOf"],
  requireOpen: SharedServices["requireOpen"],
): SharedServices {
  return {
    totals: new UsageTotals(),
    budgets: new RetryBudgets(),
    keys: new KeyStates(),
    breakers: new Breakers(clock),
    groups: new GroupStates(),
    counters: new MemoryCounters(clock),
    lines: new Lines(clock),
    cacheCounts: new CacheCounts(),
    ...{ dialectOf, requireOpen },
  };
}

interface Making {
  readonly clock: Clock;
  /** The caller's logger, which takes precedence over `[logging]`. */
  readonly logger: Logger | undefined;
  readonly hooks: Hooks;
  readonly embed: Embedder | false | undefined;
  /** The current context of an entry or group. */
  readonly contextOf: (name: string) => ModelContext;
  /** Whether no connection may leave this machine. */
  readonly simulated: boolean;
  /** Whether nothing may be opened that the file names. */
  readonly readOnly: boolean;
  /** Registers what runs when the factory is closed and its calls have ended. */
  readonly onClose: (close: () => Promise<void>) => void;
  /** The previous generation: an unchanged table keeps its cache or log. */
  readonly before: Generation | undefined;
}

/** The services of one configuration. */
export function servicesOf(config: Config, shared: SharedServices, making: Making): Services {
  const { clock, logger, hooks, before, onClose, readOnly } = making;
  const { after: _, ...withoutAfter } = hooks;
  const semantic = semanticEmbedder(config, making);
  const isSame = (key: "cache" | "logging" | "audit" | "state" | "ledger") =>
    JSON.stringify(before?.config[key]) === JSON.stringify(config[key]);
  const kept = before !== undefined && isSame("logging") ? before.services.logger : undefined;
  const log = kept ?? safeLogger(logger ?? (readOnly ? silentLogger : loggerFor(config, clock)));
  const rules = { budgets: config.budgets, rates: config.rateLimits };
  const auditFile =
    before !== undefined && isSame("audit")
      ? before.services.auditFile
      : readOnly
        ? undefined
        : auditFileFor(config, { clock, logger: log, onClose });
  const telemetry = telemetryFor(config, log);
  const reservations =
    before !== undefined && isSame("state")
      ? before.services.reservations
      : reservationsFor(config, shared, { ...making, logger: log });
  const ledger =
    before !== undefined && isSame("ledger")
      ? before.services.ledger
      : readOnly
        ? undefined
        : ledgerFor(config, { ...making, logger: log });
  return {
    ...shared,
    logger: log,
    auditFile,
    charges: new Charges(rules, new BudgetPeriods(), ledger && spentIn(ledger, reservations)),
    countedBefore: ledger && countedIn(ledger, reservations),
    notices: new BudgetNotices(),
    reservations,
    observers: observersOf(config, { logger: log, hooks, totals: shared.totals, auditFile, telemetry }),
    outermost: telemetry === undefined ? [] : [telemetry.ready],
    around: {
      generate: hookLayers(hooks, changedInput),
      // `after` judges the text of an answer, which vectors do not have.
      embed: hookLayers(withoutAfter, changedInput),
    },
    cache:
      before !== undefined &&
      isSame("cache") &&
      before.services.cache?.vectors === semantic?.model &&
      (config.cache?.store !== "state" || isSame("state"))
        ? before.services.cache
        : cacheFor(config, {
            clock,
            semantic,
            simulated: making.simulated || readOnly,
            logger: log,
            counts: shared.cacheCounts,
          }),
    ledger,
  };
}

/**
 * What a counter had before the store lost it, or the process ended. Open rows of other processes count too, unless the store
 * knows those processes.
 */
function spentIn(ledger: Ledger, { isShared }: Reservations): SpentBefore {
  return (family, member) => ledger.spent(family, member, isShared ? undefined : "reserved");
}

function countedIn(ledger: Ledger, { isShared }: Reservations): CountedBefore {
  return (family, known, max) => ledger.counters(family, known, max, isShared ? undefined : "reserved");
}

function reservationsFor(
  { state }: Config,
  { counters }: SharedServices,
  { clock, simulated, readOnly, logger }: Making & { readonly logger: Logger },
): Reservations {
  const store = simulated || readOnly || state.store === "memory" ? counters : openCounters(state, clock);
  return new Reservations({ store, local: counters, onUnavailable: state.onUnavailable, clock, logger });
}

interface CacheMaking extends Pick<Making, "clock" | "simulated"> {
  readonly semantic: SemanticEmbedder | undefined;
  readonly logger: Logger;
  readonly counts: CacheCounts;
}

function cacheFor(config: Config, making: CacheMaking): CacheService | undefined {
  const { clock, simulated, logger, counts } = making;
  const { cache: settings, state } = config;
  if (settings === undefined) return undefined;
  const { ttl: ttlMs, maxEntries, maxBytes, namespace } = settings;
  const onEvicted = (count: number) => {
    counts.evicted += count;
  };
  const bounds = { maxEntries, maxBytes, maxValueBytes: MAX_ANSWER_BYTES, onEvicted };
  const isShared = settings.store === "state" && !simulated;
  const store = isShared ? openValues(state, bounds, clock) : new MemoryStore(bounds, clock);
  const { model, embed } = making.semantic ?? {};
  const semantic =
    settings.semantic === undefined || model === undefined
      ? undefined
      : { ...settings.semantic, model, timeoutMs: settings.semantic.timeout };
  const layer = cache(
    store,
    { ttlMs, namespace, maxAnswerBytes: maxBytes, semantic },
    { logger, counts, clock, ...(embed && { embed }) },
  );
  return { store, layer, vectors: model };
}

/** Simulated calls cost nothing, so they leave no rows behind, and need no connection. */
function ledgerFor(
  { ledger }: Config,
  { clock, simulated, logger }: Making & { readonly logger: Logger },
): Ledger | undefined {
  if (ledger === undefined) return undefined;
  const settings = simulated ? ({ ...ledger, store: "sqlite", path: ":memory:" } as const) : ledger;
  const onFailure = ({ message }: ModelError) => logger.error("ledger unavailable", { reason: message });
  return openLedger(settings, { clock, onFailure });
}
