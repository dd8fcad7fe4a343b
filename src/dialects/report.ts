import type { Adjustment } from "../core/attempt.ts";

/** Notes one change of the request; `to` is `undefined` for what was left out. */
export type Report = (setting: string, from: unknown, to: unknown, reason: string) => void;

export function reportTo(adjustments: Adjustment[]): Report {
  return (setting, from, to, reason) => {
    adjustments.push({ setting, from, to, reason });
  };
}
