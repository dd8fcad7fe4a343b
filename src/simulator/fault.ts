import type { SimulatedAnswer } from "../dialects/served/answer.ts";
import type { ProblemKind } from "../dialects/served/problem.ts";

/**
 * One scripted step: what happens to the next request (or to the next that matches). An empty step `{}` is an ordinary
 * answer, which lets a script say "fail, answer, fail".
 */
export interface Fault {
  /** Only requests whose model is this one and whose path contains this text. */
  readonly match?: { readonly model?: string; readonly path?: string };
  /** How many requests it holds for; default 1, `Infinity` for all. */
  readonly times?: number;
  /**
   * Answers with the provider's own error for this kind. `filter` and `refusal` are answers, unless a status is given;
   * Claude's filter is always an error.
   */
  readonly kind?: ProblemKind;
  /** HTTP status; with no body given the provider's error for it. */
  readonly status?: number;
  /** Sent as it is (a text) or as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds, or an HTTP date: the `retry-after` header (and RetryInfo on the Google wire). */
  readonly retryAfter?: number | string;
  /** Silence before the headers, milliseconds. */
  readonly delayMs?: number;
  /** An answer of the user's making. */
  readonly answer?: SimulatedAnswer;
  /**
   * The socket is destroyed after so many stream events; a plain JSON body is cut in the middle. With `clean` the body
   * ends properly instead, only too early.
   */
  readonly cut?: { readonly afterEvents: number; readonly clean?: boolean };
  /** Silence after so many stream events, until the peer closes; a plain body is half sent. */
  readonly stall?: { readonly afterEvents: number };
  /** An error event after so many stream events, then a clean end; a plain request gets the error as its answer. */
  readonly errorEvent?: { readonly afterEvents: number; readonly kind?: ProblemKind };
  /** A TCP reset before any byte. */
  readonly reset?: boolean;
  /** 200 (or `status`) with no body. */
  readonly empty?: boolean;
  /** A web page of some gateway, 502 unless `status` says otherwise. */
  readonly html?: boolean;
  /** 200 with bytes that are neither JSON nor events. */
  readonly garbage?: boolean;
}

export interface FaultSubject {
  readonly model: string | undefined;
  readonly path: string;
}

/** Hands out scripted steps in the order of arrival. */
export class FaultScript {
  #steps: { readonly fault: Fault; left: number }[] = [];

  add(faults: readonly Fault[]): void {
    for (const fault of faults) this.#steps.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#steps = [];
  }

  /** The first step that is meant for this request, counted as used. */
  take(subject: FaultSubject): Fault | undefined {
    const step = this.#steps.find(({ fault, left }) => left > 0 && isMeant(fault, subject));
    if (step === undefined) return undefined;
    step.left -= 1;
    if (step.left <= 0) this.#steps = this.#steps.filter((other) => other !== step);
    return step.fault;
  }
}

function isMeant({ match }: Fault, subject: FaultSubject): boolean {
  if (match?.model !== undefined && match.model !== subject.model) return false;
  return match?.path === undefined || subject.path.includes(match.path);
}
