import { afterEach } from "vitest";
import type {
  AdmitRequest,
  BudgetClaim,
  Claim,
  CounterStore,
  Grant,
  Level,
  PauseClaim,
  RateClaim,
  Refusal,
  Settlement,
  SlotClaim,
} from "../../src/core/store.ts";
import { FakeClock } from "./fake-clock.ts";

export type MakeCounters = (clock: FakeClock) => Promise<CounterStore>;

/** Stores for tests, closed after each. */
export function counterStores(make: MakeCounters): () => Promise<{ clock: FakeClock; store: CounterStore }> {
  const open: CounterStore[] = [];
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });
  return async () => {
    const clock = new FakeClock();
    const store = await make(clock);
    open.push(store);
    return { clock, store };
  };
}

let lastId = 0;

export function admission(claims: readonly Claim[], rest: Partial<AdmitRequest> = {}): AdmitRequest {
  return { id: `attempt-${++lastId}`, owner: "process", leaseMs: 30_000, claims, ...rest };
}

export const budget = (rest: Partial<BudgetClaim> = {}): BudgetClaim => ({
  ...{ kind: "budget", family: "team", member: "", startsMs: Date.UTC(2026, 0, 1), endsMs: Date.UTC(2026, 1, 1) },
  ...{ limit: 100n, amount: 10n, maxMembers: 1_000, seed: 0n },
  ...rest,
});
export const rate = (rest: Partial<RateClaim> = {}): RateClaim => ({
  ...{ kind: "rate", counter: "rate", limit: 10, perMs: 60_000, amount: 1, ...rest },
});
export const slot = (limit: number, counter = "slots"): SlotClaim => ({ kind: "slot", counter, limit });
export const pauseOf = (counter = "pause"): PauseClaim => ({ kind: "pause", counter });

/** Settles an attempt with one amount for all its claims. */
export const settlement = ({ id, claims }: AdmitRequest, used: bigint): Settlement => ({
  id,
  claims: claims.map((claim) => ({ claim, used })),
});

export async function grantedBy(store: CounterStore, request: AdmitRequest): Promise<Grant> {
  const reply = await store.admit(request);
  if (!reply.ok) throw new Error(`refused: ${reply.reason}`);
  return reply;
}

export async function refusedBy(store: CounterStore, claims: readonly Claim[]): Promise<Omit<Refusal, "ok" | "nowMs">> {
  const reply = await store.admit(admission(claims));
  if (reply.ok) throw new Error("granted");
  const { ok: _ok, nowMs: _now, ...refusal } = reply;
  return refusal;
}

export async function levelOf(store: CounterStore, family = "team", member = ""): Promise<Level | undefined> {
  const found = (await store.levels(family)).find((level) => level.member === member);
  return found && { spent: found.spent, reserved: found.reserved };
}
