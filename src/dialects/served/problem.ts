import type { ProblemKind } from "../../core/problem-kind.ts";
import type { Json } from "./json.ts";

export interface Problem {
  readonly kind: ProblemKind;
  /** HTTP status. Default: the provider's status for this kind. */
  readonly status?: number | undefined;
  readonly message?: string | undefined;
  /** Added to the message. */
  readonly hint?: string | undefined;
  readonly param?: string | undefined;
  readonly code?: string | undefined;
  readonly model?: string | undefined;
  /** Facts that clients of Anthropic read. */
  readonly details?: Json | undefined;
  /** Of a prompt that is too long. */
  readonly context?: { readonly tokens: number; readonly maximum: number } | undefined;
  /** Seconds; in the body if the provider has it there. */
  readonly retryAfter?: number | undefined;
}

/** The message of a problem: its own, or that of its kind, and the hint. */
export function messageOf({ message, hint }: Problem, usual: string): string {
  return `${message ?? usual}${hint === undefined ? "" : ` ${hint}`}`;
}

/** Thrown by a wire format for a request that its provider would reject. */
export class Rejection extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message ?? problem.kind);
    this.name = "Rejection";
    this.problem = problem;
  }
}

/** Rejects a request as malformed. */
export function refuse(message: string, param?: string, code?: string): never {
  throw new Rejection({ kind: "invalid", message, param, code });
}

const KIND_OF_STATUS: Readonly<Record<number, ProblemKind>> = {
  400: "invalid",
  401: "auth",
  402: "quota",
  403: "forbidden",
  404: "not-found",
  408: "timeout",
  413: "too-large",
  429: "rate-limit",
  503: "overloaded",
  504: "timeout",
  529: "overloaded",
};

export function kindOfStatus(status: number): ProblemKind {
  return KIND_OF_STATUS[status] ?? (status >= 500 ? "server" : "invalid");
}
