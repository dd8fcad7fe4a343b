import type { Adjustment } from "../core/attempt.ts";

/** Notes one change of the request; `to` is `undefined` for what was left out. */
export type Report = (setting: string, from: unknown, to: unknown, reason: string) => void;

export function reportTo(adjustments: Adjustment[]): Report {
  return (setting, from, to, reason) => {
    adjustments.push({ setting, from, to, reason });
  };
}

/** An instruction in the middle of a conversation, on a wire that takes instructions only in front of it. */
export function reportMovedSystem(index: number, report: Report): void {
  const reason = "this wire takes instructions only in front of the conversation";
  report(`messages[${index}]`, "a system message in the conversation", "the system instructions", reason);
}
