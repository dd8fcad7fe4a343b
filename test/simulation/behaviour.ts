import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { Chance } from "../harness/chance.ts";

export const HOUR_MS = 3_600_000;

/** How a provider behaves during a period. */
export type Behaviour =
  | { readonly kind: "healthy" | "slow" | "cut" | "empty"; readonly latencyMs: number; readonly gapMs: number }
  /** Has a token limit of that many deltas, and sometimes breaks before it. */
  | { readonly kind: "brief"; readonly latencyMs: number; readonly gapMs: number; readonly most: number }
  /** A bucket of requests per window; above it, 429 with the time until the next window. */
  | { readonly kind: "limited"; readonly latencyMs: number; readonly perWindow: number; readonly windowMs: number }
  | { readonly kind: "failing"; readonly latencyMs: number; readonly code: ModelErrorCode; readonly askMs?: number }
  /** Fails in a different way each time, or not at all. */
  | {
      readonly kind: "moody";
      readonly latencyMs: number;
      readonly gapMs: number;
      readonly codes: readonly ModelErrorCode[];
    }
  /** Rejects every key but the first. */
  | {
      readonly kind: "refusing";
      readonly latencyMs: number;
      readonly code: "unauthorized" | "quota_exhausted";
      readonly gapMs: number;
    }
  /** Never responds; with `deaf` it does not even notice cancellation. */
  | { readonly kind: "hanging" | "deaf" };

export interface Phase {
  readonly untilMs: number;
  readonly behaviour: Behaviour;
}

export function planPhases(chance: Chance): Phase[] {
  const phases: Phase[] = [];
  for (let atMs = 0; atMs < HOUR_MS; ) {
    atMs += chance.whole(1_000, 900_000);
    phases.push({ untilMs: Math.min(atMs, HOUR_MS), behaviour: planBehaviour(chance) });
  }
  return phases;
}

const FAILURES: readonly ModelErrorCode[] = [
  ...(["server_error", "overloaded", "connection_failed", "rate_limited", "protocol_error"] as const),
  ...(["forbidden", "invalid_request", "context_too_long", "content_filtered", "not_found"] as const),
];

function planBehaviour(chance: Chance): Behaviour {
  const latencyMs = chance.whole(1, 800);
  const gapMs = chance.whole(0, 60);
  switch (
    chance.pick([
      "healthy",
      "healthy",
      "refusing",
      "moody",
      "slow",
      "cut",
      "brief",
      "empty",
      "limited",
      "failing",
      "failing",
      "hanging",
      "deaf",
    ] as const)
  ) {
    case "healthy":
      return { kind: "healthy", latencyMs, gapMs };
    case "slow":
      return { kind: "slow", latencyMs: latencyMs * 10, gapMs: chance.whole(200, 3_000) };
    case "cut":
      return { kind: "cut", latencyMs, gapMs };
    case "brief":
      return { kind: "brief", latencyMs, gapMs, most: chance.whole(1, 6) };
    case "empty":
      return { kind: "empty", latencyMs, gapMs };
    case "limited":
      return { kind: "limited", latencyMs, perWindow: chance.whole(1, 4), windowMs: chance.whole(1_000, 90_000) };
    case "refusing":
      return { kind: "refusing", latencyMs, code: chance.pick(["unauthorized", "quota_exhausted"]), gapMs };
    case "moody":
      return { kind: "moody", latencyMs, gapMs, codes: FAILURES };
    case "failing":
      return planFailing(latencyMs, chance);
    case "hanging":
      return { kind: "hanging" };
    case "deaf":
      return { kind: "deaf" };
  }
}

/** Status codes with which a provider sends retry-after. */
const ASKING: ReadonlySet<ModelErrorCode> = new Set(["rate_limited", "overloaded", "server_error"]);

function planFailing(latencyMs: number, chance: Chance): Behaviour {
  const code = chance.pick(FAILURES);
  const asks = ASKING.has(code) && chance.happens(0.5);
  return { kind: "failing", latencyMs, code, ...(asks && { askMs: chance.whole(1, 100_000) }) };
}
