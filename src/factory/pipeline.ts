import type { Call, Observer } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import { compose, type Layer, type Next } from "../core/layer.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Logger } from "../core/logger.ts";
import type { BoundedStore } from "../core/store.ts";
import type { Target } from "../core/target.ts";
import { admission } from "../layers/admission.ts";
import type { BudgetNotices } from "../layers/budget-notices.ts";
import type { CountedBefore } from "../layers/budget-status.ts";
import type { CacheCounts } from "../layers/cache-counts.ts";
import type { Charges } from "../layers/charges.ts";
import { type Breakers, breakerGate, circuitBreaker } from "../layers/circuit-breaker.ts";
import { continueOnLength } from "../layers/continuation.ts";
import { credential } from "../layers/credential.ts";
import { deadline } from "../layers/deadline.ts";
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
import type { MemoryCounters } from "../stores/memory-counters.ts";
import type { AuditFile } from "../target/audit-file.ts";

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
}

/** The result cache of one configuration. */
export interface CacheService {
  readonly layer: Layer;
  readonly store: BoundedStore;
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
  readonly around: readonly Layer[];
  /** Present if there is a `[cache]` table. */
  readonly cache: CacheService | undefined;
  /** Present if there is a `[ledger]` table. */
  readonly ledger: Ledger | undefined;
}

/** The layers below fallback: they handle one target, and all models of a configuration share them. */
export function targetPipeline(services: Services): Next {
  const { ledger } = services;
  return composed(
    [
      continueOnLength,
      circuitBreaker(services.breakers),
      retry(services.budgets),
      credential(services.keys),
      breakerGate(services.breakers),
      admission(services),
      loading(services.dialectOf),
      ledger && ledgerRows(ledger),
      timeout,
      meter,
      outputGuard,
    ],
    (call) => services.dialectOf(call.target).open(call),
  );
}

/** All layers of a model's calls, from the caller to the wire. */
export function modelPipeline(services: Services, chainOf: (call: Call) => Chain, toTarget: Next): Next {
  const layers = [
    ...services.outermost,
    telemetry(services.observers),
    ...services.around,
    deadline,
    services.cache && services.ledger && ledgerHits(services.ledger),
    services.cache?.layer,
    hold,
    fallback(chainOf, services.dialectOf, services.budgets),
  ];
  return composed(layers, toTarget);
}

function composed(layers: readonly (Layer | undefined)[], last: Next): Next {
  return compose(
    layers.filter((layer) => layer !== undefined),
    last,
  );
}

/** The same for a group: it chooses a member first, and observes the outcome below fallback. */
export function groupPipeline(services: Services, group: Group, toTarget: Next): Next {
  const run = modelPipeline(services, group.chainOf, compose([group.watch], toTarget));
  return compose([group.choose], run);
}
