import type { Clock } from "../../src/core/clock.ts";
import type { Layer } from "../../src/core/layer.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { CounterStore } from "../../src/core/store.ts";
import { admission } from "../../src/layers/admission.ts";
import { BudgetNotices } from "../../src/layers/budget-notices.ts";
import { BudgetPeriods } from "../../src/layers/budget-periods.ts";
import { Charges, type Rules, type SpentBefore } from "../../src/layers/charges.ts";
import { KeyStates } from "../../src/layers/key-states.ts";
import { Lines } from "../../src/layers/line.ts";
import { Reservations } from "../../src/layers/reservations.ts";
import { MemoryCounters } from "../../src/stores/memory-counters.ts";
import { FakeClock } from "./fake-clock.ts";

interface Parts {
  readonly clock?: Clock;
  readonly keys?: KeyStates;
  readonly rules?: Partial<Rules>;
  /** What the ledger has for a counter. */
  readonly spentBefore?: SpentBefore;
  /** Of budgets and limits, if other processes share it. */
  readonly store?: CounterStore | undefined;
}

/** The admission layer of one process, with counters in memory. */
export function admissionLayer({
  clock = new FakeClock(),
  keys = new KeyStates(),
  rules,
  spentBefore,
  store,
}: Parts = {}): Layer {
  const counters = new MemoryCounters(clock);
  return admission({
    keys,
    notices: new BudgetNotices(),
    charges: new Charges({ budgets: [], rates: [], ...rules }, new BudgetPeriods(), spentBefore),
    reservations: new Reservations({
      ...{ store: store ?? counters, local: counters, clock, logger: silentLogger },
      onUnavailable: "refuse",
    }),
    lines: new Lines(clock),
    requireOpen: () => {},
  });
}
