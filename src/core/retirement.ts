const DAY_MS = 86_400_000;

/** Days before a model's last day of service from which `check` warns. */
const NOTICE_DAYS = 90;

/** Whether the last day of service (an ISO date or month) is past, near or far. */
export function retirementOf(retiresOn: string | null | undefined, nowMs: number): "past" | "near" | "far" | undefined {
  if (retiresOn == null) return undefined;
  // A month without a day means its last day.
  const last = retiresOn.length === 7 ? `${retiresOn}-31` : retiresOn;
  if (last < isoDay(nowMs)) return "past";
  return last <= isoDay(nowMs + NOTICE_DAYS * DAY_MS) ? "near" : "far";
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
