import { type Clock, scheduleLimit } from "../core/clock.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { ClientRequest } from "./client-request.ts";

/** Time in which a body that is not complete must bring `LEAST_BYTES` more. */
const STEP_MS = 8_000;
const LEAST_BYTES = 1_024;

/**
 * The result of reading a body, unless the body arrives too slowly: some clients hold many connections open by sending a byte
 * now and then.
 * @throws Rejection with status 408.
 */
export function inTime<T>({ connection }: ClientRequest, clock: Clock, reading: Promise<T>): Promise<T> {
  if (connection === undefined) return reading;
  return new Promise((resolve, reject) => {
    let before = connection.received();
    let stop = () => {};
    const look = () => {
      const now = connection.received();
      if (now - before < LEAST_BYTES) return reject(tooSlow());
      before = now;
      stop = scheduleLimit(clock, look, STEP_MS);
    };
    stop = scheduleLimit(clock, look, STEP_MS);
    reading.then(resolve, reject).finally(() => stop());
  });
}

function tooSlow(): Rejection {
  return new Rejection({ kind: "timeout", status: 408, message: "The body of the request arrived too slowly." });
}
