import { Temporal } from "temporal-polyfill";
import type { Period } from "./budget.ts";

/** Milliseconds since 1970; the end is exclusive, and Infinity for a period without end. */
export interface TimeSpan {
  readonly startsMs: number;
  readonly endsMs: number;
}

/** The calendar period of a time zone that contains `nowMs`. Days may have 23 or 25 hours. */
export function periodAt(period: Exclude<Period, "total">, timezone: string, nowMs: number): TimeSpan {
  const now = Temporal.Instant.fromEpochMilliseconds(Math.floor(nowMs)).toZonedDateTimeISO(timezone);
  const start = startOf(period, now);
  const end = startOf(period, start.add(STEP[period]));
  return { startsMs: start.epochMilliseconds, endsMs: end.epochMilliseconds };
}

type Zoned = Temporal.ZonedDateTime;

/** One period, or a little more where the clock changes: the start of the reached period is what counts. */
const STEP = { hour: { hours: 1 }, day: { days: 1 }, week: { weeks: 1 }, month: { months: 1 } } as const;

function startOf(period: Exclude<Period, "total">, time: Zoned): Zoned {
  switch (period) {
    case "hour":
      return time.round({ smallestUnit: "hour", roundingMode: "floor" });
    case "day":
      return time.startOfDay();
    case "week":
      return time.subtract({ days: time.dayOfWeek - 1 }).startOfDay();
    case "month":
      return time.with({ day: 1 }).startOfDay();
  }
}
