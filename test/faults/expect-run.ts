import { expect } from "vitest";
import type { Outcome } from "./expectation.ts";
import type { Run } from "./run-script.ts";

/** Holds a run against what it should have come to. */
export function expectRun(run: Run, outcome: Outcome): void {
  const { reply, error } = run;
  const attempts = reply?.attempts ?? error?.attempts ?? [];
  expect(seen(run, outcome), error?.message).toEqual({ requests: 1, ...given(outcome) });
  for (const words of outcome.says ?? []) expect(error?.message).toContain(words);
  for (const setting of outcome.adjusted ?? [])
    expect(reply?.adjustments.map((adjustment) => adjustment.setting)).toContain(setting);
  for (const { ms, atMostMs } of outcome.waitMs === undefined ? [] : run.waits) {
    expect(ms).toBeGreaterThanOrEqual(outcome.waitMs?.[0] ?? 0);
    expect(atMostMs).toBeLessThanOrEqual(outcome.waitMs?.[1] ?? 0);
  }
  if (outcome.withinMs !== undefined) expect(run.settledMs).toBeLessThan(outcome.withinMs);
  expect(attempts.length, "one row for each request").toBe(run.requests.length);
  expect(run.timers, "timers left behind").toBe(0);
}

/** What can be compared as it is. */
function given(outcome: Outcome): Partial<Outcome> {
  const { says: _, adjusted: __, waitMs: ___, withinMs: ____, ...rest } = outcome;
  return rest;
}

function seen({ reply, error, requests }: Run, outcome: Outcome): Outcome {
  const attempts = reply?.attempts ?? error?.attempts ?? [];
  const all: { readonly [Key in keyof Outcome]: unknown } = {
    code: error?.code,
    phase: error?.phase,
    status: error?.status,
    retryAfterMs: error?.retryAfterMs,
    requestId: error?.requestId,
    partial: error?.partial?.text,
    text: reply?.text,
    finish: reply?.finishReason,
    refusal: reply?.refusal,
    toolCalls: reply?.toolCalls.map((call) => [call.name, call.arguments]),
    usage: Object.fromEntries(
      Object.keys(outcome.usage ?? {}).map((key) => [key, (reply?.usage as unknown as Record<string, unknown>)?.[key]]),
    ),
    possiblyBilled: attempts.map(({ possiblyBilled }) => possiblyBilled),
  };
  const kept = Object.entries(all).filter(([key]) => key in outcome || (key === "code" && error !== undefined));
  return { ...(Object.fromEntries(kept) as Outcome), requests: requests.length };
}
