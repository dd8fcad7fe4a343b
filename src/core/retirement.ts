const DAY_MS = 86_400_000;

/** Days ahead of its last one on which a model's end is worth a warning. */
const NOTICE_DAYS = 90;

/** How near the last day of service (an ISO date, or a month) is. */
export function retirementOf(retiresOn: string | null | undefined, nowMs: number): "past" | "near" | "far" | undefined {
  if (retiresOn == null) return undefined;
  // A month without a day is served to its end.
  const last = retiresOn.length === 7 ? `${retiresOn}-31` : retiresOn;
  if (last < isoDay(nowMs)) return "past";
  return last <= isoDay(nowMs + NOTICE_DAYS * DAY_MS) ? "near" : "far";
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
