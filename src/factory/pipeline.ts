import type { Call, Observer } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Events } from "../core/event.ts";
import { compose, type Layer, type Next } from "../core/layer.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Logger } from "../core/logger.ts";
import type { BoundedStore } from "../core/store.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";
import { admission } from "../layers/admission.ts";
import type { BudgetNotices } from "../layers/budget-notices.ts";
import type { CountedBefore } from "../layers/budget-status.ts";
import type { CacheCounts } from "../layers/cache-counts.ts";
import type { Charges } from "../layers/charges.ts";
import { type Breakers, breakerGate, circuitBreaker } from "../layers/circuit-breaker.ts";
import { continueOnLength } from "../layers/continuation.ts";
import { credential } from "../layers/credential.ts";
import { deadline } from "../layers/deadline.ts";
import { embeddingFallback } from "../layers/embedding-fallback.ts";
import { fallback } from "../layers/fallback.ts";
import type { Group } from "../layers/group.ts";
import type { GroupStates } from "../layers/group-states.ts";
import { hold } from "../layers/hold.ts";
import type { KeyStates } from "../layers/key-states.ts";
import { ledgerHits, ledgerRows } from "../layers/ledger-rows.ts";
import type { Lines } from "../layers/line.ts";
import { loading } from "../layers/loading.ts";
import { meter } from "../layers/meter.ts";
import { outputGuard } from "../layers/output-guard.ts";
import type { Reservations } from "../layers/reservations.ts";
import { retry } from "../layers/retry.ts";
import type { RetryBudgets } from "../layers/retry-budget.ts";
import type { Chain } from "../layers/target-search.ts";
import { telemetry } from "../layers/telemetry.ts";
import { timeout } from "../layers/timeout.ts";
import type { UsageTotals } from "../layers/usage-totals.ts";
import { vectorGuard } from "../layers/vector-guard.ts";
import type { MemoryCounters } from "../stores/memory-counters.ts";
import type { AuditFile } from "../target/audit-file.ts";

/** What a pipeline asks of its targets: an answer, or the vectors of texts. */
export type Asked = "generate" | "embed";

/** State that all models of a factory share, across reloads. */
export interface SharedServices {
  readonly totals: UsageTotals;
  readonly budgets: RetryBudgets;
  readonly keys: KeyStates;
  readonly breakers: Breakers;
  readonly groups: GroupStates;
  /** Slots of entries; budgets and limits too, unless `[state]` names another store. */
  readonly counters: MemoryCounters;
  readonly lines: Lines;
  readonly cacheCounts: CacheCounts;
  readonly dialectOf: (target: Target) => Dialect;
  /** Throws if the factory was closed while a call was running. */
  readonly requireOpen: () => void;
}

/** The result cache of one configuration. */
export interface CacheService {
  readonly layer: Layer;
  readonly store: BoundedStore;
  /** Names the vectors of the semantic cache, if there is one. */
  readonly vectors: string | undefined;
}

/** The shared state and the services of one configuration. */
export interface Services extends SharedServices {
  readonly logger: Logger;
  /** Observers of every call: the totals, the log, the listeners of the user. */
  readonly observers: readonly Observer[];
  readonly charges: Charges;
  /** Present if there is a `[ledger]` table. */
  readonly countedBefore: CountedBefore | undefined;
  readonly notices: BudgetNotices;
  readonly reservations: Reservations;
  /** Present if there is an `[audit]` table. */
  readonly auditFile: AuditFile | undefined;
  /** Layers above the telemetry, which they prepare. */
  readonly outermost: readonly Layer[];
  /** The middleware of the user, and what the hooks `before` and `after` need. */
  readonly around: Readonly<Record<Asked, readonly Layer[]>>;
  /** Present if there is a `[cache]` table. */
  readonly cache: CacheService | undefined;
  /** Present if there is a `[ledger]` table. */
  readonly ledger: Ledger | undefined;
}

/**
 * The layers below fallback: they handle one target, and all models of a configuration share them. Layers about generated text
 * are only in the pipeline that generates.
 */
export function targetPipeline(services: Services, asked: Asked): Next {
  const { ledger, dialectOf } = services;
  const generates = asked === "generate";
  return composed(
    [
      generates && continueOnLength,
      circuitBreaker(services.breakers),
      retry(services.budgets),
      credential(services.keys),
      breakerGate(services.breakers),
      admission(services),
      loading(dialectOf),
      ledger && ledgerRows(ledger),
      timeout,
      meter,
      generates ? outputGuard : vectorGuard,
    ],
    generates ? (call) => dialectOf(call.target).open(call) : (call) => embed(call, dialectOf(call.target)),
  );
}

function embed(call: Call, dialect: Dialect): Events {
  if (dialect.embed === undefined) throw targetError(call.target, "unsupported", "the wire format has no embeddings");
  return dialect.embed(call);
}

/** All layers of a model's calls, from the caller to the wire. */
export function modelPipeline(services: Services, asked: Asked, chainOf: (call: Call) => Chain, toTarget: Next): Next {
  const generates = asked === "generate";
  const { dialectOf, budgets } = services;
  const layers = [
    ...services.outermost,
    telemetry(services.observers),
    ...services.around[asked],
    deadline,
    services.cache && services.ledger && ledgerHits(services.ledger),
    services.cache?.layer,
    generates && hold,
    generates ? fallback(chainOf, dialectOf, budgets) : embeddingFallback(chainOf, dialectOf),
  ];
  return composed(layers, toTarget);
}

function composed(layers: readonly (Layer | undefined | false)[], last: Next): Next {
  return compose(
    layers.filter((layer) => layer !== undefined && layer !== false),
    last,
  );
}

/** The same for a group: it chooses a member first, and observes the outcome below fallback. */
export function groupPipeline(services: Services, asked: Asked, group: Group, toTarget: Next): Next {
  const run = modelPipeline(services, asked, group.chainOf, compose([group.watch], toTarget));
  return compose([group.choose], run);
}
