import type { Layer } from "../core/layer.ts";
import { timedOut } from "./timeout.ts";

/** The timeout of the complete call, including all attempts, waits and fallbacks. */
export const deadline: Layer = (call, next) => {
  const { deadlineMs } = call.target.policy;
  if (deadlineMs === undefined) return next(call);
  const off = call.clock.schedule(() => call.cancellation.cancel(timedOut(call, "deadline", deadlineMs)), deadlineMs);
  call.record.onSettle(off);
  return next({ ...call, deadlineAtMs: call.clock.monotonic() + deadlineMs });
};
