import type { FinishReason, ModelErrorCode, TimeoutPhase } from "../../src/index.ts";
import type { FaultScript } from "../../src/testing/index.ts";
import type { Wire } from "../harness/wires.ts";

/** What a call must come to, on both sides of the wire. What is not given does not matter. */
export interface Outcome {
  readonly code?: ModelErrorCode;
  readonly phase?: TimeoutPhase;
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly requestId?: string;
  /** Parts of the error's message. */
  readonly says?: readonly string[];
  /** Text that had arrived before the failure. */
  readonly partial?: string;
  readonly text?: string;
  readonly finish?: FinishReason;
  readonly refusal?: string;
  /** Name and arguments of each call. */
  readonly toolCalls?: readonly (readonly [name: string, args: unknown])[];
  readonly usage?: Readonly<Record<string, number | boolean>>;
  /** Settings that must be reported as changed. */
  readonly adjusted?: readonly string[];
  readonly possiblyBilled?: readonly boolean[];
  /** On the wire. Default 1. */
  readonly requests?: number;
  /** At least so long after an answer the next request leaves, and at most. */
  readonly waitMs?: readonly [least: number, most: number];
  /** Settled by then. */
  readonly withinMs?: number;
}

export interface ScriptedRun {
  readonly wires: readonly Wire[];
  /** Default: the script of the catalogue. */
  readonly attempts?: readonly FaultScript[];
  /** Further keys of the entry. */
  readonly keys?: string;
  /** How much faster the library's clock goes. Default 1. */
  readonly speed?: number;
  /** Of both methods; `stream` and `codegen` overrule it. */
  readonly both?: Outcome;
  readonly stream?: Outcome;
  readonly codegen?: Outcome;
  /** Why the script is not run again with other cuts and line ends. */
  readonly oneFraming?: string;
}

/** One row of the catalogue and what modelwright makes of it; docs/inside/faults.md is generated from these. */
export interface Expectation {
  readonly id: string;
  /** What happens on the wire. */
  readonly wire: string;
  /** What modelwright does. */
  readonly does: string;
  /** Where this is not what the catalogue says, and why. */
  readonly note?: string;
  /** Runs of its script; a row without any has a test of its own. */
  readonly runs?: readonly ScriptedRun[];
}
