// Spends a budget with concurrent callers until it is exhausted, and prints what it was granted.
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { StateSettings } from "../../../src/core/budget.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { BudgetClaim } from "../../../src/core/store.ts";
import { openCounters } from "../../../src/stores/open-counters.ts";

const { settings, callers, ...texts } = JSON.parse(process.argv[2] ?? "") as {
  readonly settings: StateSettings;
  readonly callers: number;
  readonly limit: string;
  readonly amount: string;
};
const limit = BigInt(texts.limit);
const amount = BigInt(texts.amount);
const claim: BudgetClaim = {
  ...{ kind: "budget", family: "shared", member: "", startsMs: 0, endsMs: Number.POSITIVE_INFINITY },
  ...{ limit, amount, maxMembers: 1, seed: 0n },
};
const store = openCounters(settings, systemClock);
const owner = randomUUID();
const granted: number[] = [];
let tooMuch = 0;

async function call(): Promise<void> {
  for (;;) {
    const id = randomUUID();
    const reply = await store.admit({
      id,
      owner,
      leaseMs: 120_000,
      claims: [claim, { kind: "slot", counter: "s", limit: 300 }],
    });
    if (!reply.ok && reply.reason === "exhausted") return;
    await setImmediate();
    if (!reply.ok) continue;
    const { spent = 0n, reserved = 0n } = reply.levels[0] ?? {};
    if (spent + reserved > limit) tooMuch++;
    granted.push(reply.nowMs);
    await store.settle({
      id,
      claims: [
        { claim, used: amount },
        { claim: { kind: "slot", counter: "s", limit: 300 }, used: 0n },
      ],
    });
  }
}

await Promise.all(Array.from({ length: callers }, call));
await store.close();
console.log(JSON.stringify({ granted: granted.length, tooMuch }));
