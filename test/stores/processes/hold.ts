// Admits and settles attempts without an end; prints a line once it has begun. It is killed in the middle.
import { randomUUID } from "node:crypto";
import type { StateSettings } from "../../../src/core/budget.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { BudgetClaim } from "../../../src/core/store.ts";
import { openCounters } from "../../../src/stores/open-counters.ts";

const settings = JSON.parse(process.argv[2] ?? "") as StateSettings;
const claim: BudgetClaim = {
  ...{ kind: "budget", family: "shared", member: "", startsMs: 0, endsMs: Number.POSITIVE_INFINITY },
  ...{ limit: 1_000_000n, amount: 1n, maxMembers: 1, seed: 0n },
};
const claims = [claim, { kind: "slot", counter: "slots", limit: 1_000 }] as const;
const store = openCounters(settings, systemClock);
const owner = randomUUID();

async function call(): Promise<void> {
  for (let calls = 0; ; calls++) {
    const id = randomUUID();
    await store.admit({ id, owner, leaseMs: 1_000, claims });
    if (calls === 5) console.log("running");
    await store.settle({ id, claims: claims.map((one) => ({ claim: one, used: 1n })) });
  }
}

await Promise.all(Array.from({ length: 20 }, call));
