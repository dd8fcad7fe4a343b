import type { ProblemKind } from "../core/problem-kind.ts";
import type { SimulatedAnswer } from "../dialects/served/answer.ts";

/**
 * One scripted step for the next (matching) request. An empty step `{}` is a normal answer, for scripts like "fail, answer,
 * fail".
 */
export interface Fault {
  /** Only requests with this model and with this text in the path. */
  readonly match?: { readonly model?: string; readonly path?: string };
  /** Number of requests; default 1, `Infinity` for all. */
  readonly times?: number;
  /**
   * Answers with the provider's error for this kind. `filter` and `refusal` are answers unless `status` is set; Claude's filter
   * is always an error.
   */
  readonly kind?: ProblemKind;
  /** HTTP status; without `body`, with the provider's error for it. */
  readonly status?: number;
  /** A string is sent unchanged, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds, or an HTTP date: the `retry-after` header (and RetryInfo on the Google wire). */
  readonly retryAfter?: number | string;
  /** Delay before the headers, milliseconds. */
  readonly delayMs?: number;
  /** A custom answer. */
  readonly answer?: SimulatedAnswer;
  /**
   * Destroys the socket after this many stream events; a JSON body is truncated in the middle. With `clean`, the truncated body
   * ends cleanly instead.
   */
  readonly cut?: { readonly afterEvents: number; readonly clean?: boolean };
  /** Sends nothing after this many stream events until the peer disconnects; a JSON body is sent in part. */
  readonly stall?: { readonly afterEvents: number };
  /** Sends an error event after this many stream events, then a clean end; without streaming, an error response. */
  readonly errorEvent?: { readonly afterEvents: number; readonly kind?: ProblemKind };
  /** A TCP reset before the first byte. */
  readonly reset?: boolean;
  /** 200 (or `status`) with no body. */
  readonly empty?: boolean;
  /** An HTML page of a gateway; 502 unless `status` is set. */
  readonly html?: boolean;
  /** 200 with bytes that are neither JSON nor events. */
  readonly garbage?: boolean;
}

export interface FaultSubject {
  readonly model: string | undefined;
  readonly path: string;
}

/** Returns scripted steps in order of arrival. */
export class FaultScript {
  #steps: { readonly fault: Fault; left: number }[] = [];

  add(faults: readonly Fault[]): void {
    for (const fault of faults) this.#steps.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#steps = [];
  }

  /** Takes the first matching step for a request. */
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
