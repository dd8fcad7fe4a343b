import type { MockAnswer } from "../core/mock-answer.ts";
import type { Fault } from "../simulator/fault.ts";

/** The steps of a simulator for the answers of `mock_response` to the requests whose path contains `path`; the last repeats. */
export function mockScript(answers: readonly MockAnswer[], path: string): readonly Fault[] {
  const match = { path };
  return answers.map((answer, index) => ({
    match,
    times: index === answers.length - 1 ? Number.POSITIVE_INFINITY : 1,
    ...stepOf(answer),
  }));
}

function stepOf({ error, status, retryAfter, delay, breakAfter, ...answer }: MockAnswer): Fault {
  return {
    ...(Object.keys(answer).length > 0 && { answer }),
    ...(error !== undefined && { kind: error }),
    ...(status !== undefined && { status }),
    ...(retryAfter !== undefined && { retryAfter: retryAfter / 1_000 }),
    ...(delay !== undefined && { delayMs: delay }),
    ...(breakAfter !== undefined && { cut: { afterEvents: breakAfter } }),
  };
}
