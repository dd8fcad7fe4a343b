import { expect, it } from "vitest";
import type { Budget } from "../../src/core/budget.ts";
import { budgetExceeded } from "../../src/layers/admission-errors.ts";
import { targetOf } from "../harness/call-of.ts";

const NOW = Date.UTC(2026, 0, 31);
const CENT = 10_000_000n;
const BUDGET: Budget = {
  ...{ name: "team", nanoUsd: 100n * CENT, period: "month", timezone: "UTC", per: [], warnAt: 0.8 },
  ...{ onExceeded: "refuse", unpriced: "refuse", maxWait: 0, maxCounters: 10 },
};
const EMBEDDINGS = { known: true, capabilities: {}, embedding: {} };

interface Case {
  readonly says: string;
  /** Cents. */
  readonly spent: bigint;
  readonly reserved?: bigint;
  readonly amount: bigint;
  readonly endsMs?: number;
  readonly embeds?: boolean;
}

it.each<Case>([
  {
    ...{ spent: 94n, amount: 12n },
    says: "up to $0.12; resets at 2026-02-01T00:00:00.000Z. Raise usd of [budgets.team], lower max_new_tokens, or wait until the budget resets",
  },
  {
    ...{ spent: 100n, amount: 12n },
    says: "up to $0.12; resets at 2026-02-01T00:00:00.000Z. Raise usd of [budgets.team] or wait until the budget resets",
  },
  {
    ...{ spent: 80n, reserved: 15n, amount: 12n, endsMs: Number.POSITIVE_INFINITY },
    says: "up to $0.12. Raise usd of [budgets.team], lower max_new_tokens, or wait for the other requests (max_wait)",
  },
  {
    ...{ spent: 0n, amount: 101n },
    says: "up to $1.01, more than the whole budget. Raise usd of [budgets.team] or lower max_new_tokens",
  },
  {
    ...{ spent: 94n, amount: 12n, endsMs: Number.POSITIVE_INFINITY, embeds: true },
    says: "up to $0.12. Raise usd of [budgets.team] or send fewer texts",
  },
])("a refused call is told what helps: $says", ({ says, spent, reserved = 0n, amount, endsMs, embeds }) => {
  const claim = {
    ...({ kind: "budget", family: "f", member: "", startsMs: 0, endsMs: endsMs ?? Date.UTC(2026, 1, 1) } as const),
    ...{ limit: 100n * CENT, amount: amount * CENT, maxMembers: 10 },
  };
  const target = targetOf("coder", embeds === true ? { facts: EMBEDDINGS } : {});
  const level = { spent: spent * CENT, reserved: reserved * CENT };
  const { message } = budgetExceeded(target, { budget: BUDGET, claim, level, nowMs: NOW });
  expect(message).toMatch(/^coder: budget "team": \$[\d.]+ spent/);
  expect(message.slice(message.indexOf("up to"))).toBe(says);
});
