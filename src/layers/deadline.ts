import { scheduleLimit } from "../core/clock.ts";
import type { Layer } from "../core/layer.ts";
import { timedOut } from "./timeout.ts";

/** The timeout of the complete call, including all attempts, waits and fallbacks. */
export const deadline: Layer = (call, next) => {
  const { deadlineMs } = call.target.policy;
  if (deadlineMs === undefined && call.deadlineAtMs === undefined) return next(call);
  const nowMs = call.clock.monotonic();
  // A call of a run shares the deadline of the run, and a client of the gateway may give one.
  const deadlineAtMs = Math.min(
    call.deadlineAtMs ?? Number.POSITIVE_INFINITY,
    nowMs + (deadlineMs ?? Number.POSITIVE_INFINITY),
  );
  const given = deadlineAtMs === call.deadlineAtMs ? call.deadlineOf : undefined;
  const limitMs = given?.limitMs ?? deadlineMs ?? Math.round(deadlineAtMs - nowMs);
  const expire = () => call.cancellation.cancel(timedOut(call, "deadline", limitMs, undefined, given?.by));
  call.record.onSettle(scheduleLimit(call.clock, expire, Math.max(0, deadlineAtMs - nowMs)));
  return next({ ...call, deadlineAtMs });
};
