import type { Adjustment } from "../core/attempt.ts";

/** Reports one change of the request; `to` is `undefined` for an omitted setting. */
export type Report = (setting: string, from: unknown, to: unknown, reason: string) => void;

export function reportTo(adjustments: Adjustment[]): Report {
  return (setting, from, to, reason) => {
    adjustments.push({ setting, from, to, reason });
  };
}

/** A system message inside a conversation, for wire formats that support instructions only before it. */
export function reportMovedSystem(index: number, report: Report): void {
  const reason = "this wire supports system instructions only before the conversation";
  report(`messages[${index}]`, "a system message in the conversation", "the system instructions", reason);
}
