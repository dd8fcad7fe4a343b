// Admits one attempt, and does not close the store.
import type { StateSettings } from "../../../src/core/budget.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { openCounters } from "../../../src/stores/open-counters.ts";

const store = openCounters(JSON.parse(process.argv[2] ?? "") as StateSettings, systemClock);
const { ok } = await store.admit({ id: "1", owner: "process", leaseMs: 1_000, claims: [] });
console.log(ok ? "granted" : "refused");
