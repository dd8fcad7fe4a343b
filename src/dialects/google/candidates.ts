import type { FinishReason, FlowEvent } from "../../core/event.ts";
import { own } from "../../core/own.ts";
import { AnswerIds } from "../answer-ids.ts";
import { Candidate, type CandidateContext } from "./candidate.ts";
import { FINISH_REASONS } from "./finish-reasons.ts";
import { type Held, SoleAnswer } from "./sole-answer.ts";

type Tree = Readonly<Record<string, unknown>>;

/** One answer and the candidates that make it up. */
export class Answer {
  readonly parts: readonly Candidate[];
  readonly #sample: number;

  constructor(sample: number, parts: readonly Candidate[]) {
    this.#sample = sample;
    this.parts = parts;
  }

  /** Whether the end is missing. After a broken connection, only a finish reason proves the end. */
  isOpen(broken: boolean): boolean {
    if (this.parts.every(({ finishReason }) => finishReason === undefined)) return true;
    return this.parts.some(
      ({ spoke, finishReason, ended }) => spoke && (finishReason === undefined || (broken && !ended)),
    );
  }

  /** The finish event. Any tool call makes it `tool-calls`: Gemini sends STOP with calls, others send their own values. */
  finish(): FlowEvent {
    const ends = this.parts.flatMap(({ finishReason: raw, calls, hasText }) =>
      raw === undefined ? [] : [{ raw, reason: finishOf(raw, calls), hasText }],
    );
    const end =
      ends.find(({ reason }) => reason === "length") ??
      ends.find(({ reason }) => reason === "tool-calls") ??
      ends.find(({ hasText }) => hasText) ??
      ends[0];
    return { type: "finish", reason: end?.reason ?? "unknown", raw: end?.raw ?? "", sample: this.#sample };
  }
}

function finishOf(raw: string, calls: number): FinishReason {
  const reason = own(FINISH_REASONS, raw) ?? "unknown";
  return reason !== "length" && calls > 0 ? "tool-calls" : reason;
}

/** The candidates of a response. */
export interface Candidates {
  readonly empty: boolean;
  /** Reads the candidates of one chunk. */
  read(candidates: readonly Tree[], out: FlowEvent[]): void;
  /** The complete answers. */
  end(out: FlowEvent[]): readonly Answer[];
}

/** Candidates of a request for several answers: each is a sample. */
export class SampleCandidates implements Candidates {
  readonly #samples: number;
  readonly #context: CandidateContext;
  readonly #candidates = new Map<number, Candidate>();

  constructor(samples: number, context: CandidateContext) {
    this.#samples = samples;
    this.#context = context;
  }

  get empty(): boolean {
    return this.#candidates.size === 0;
  }

  read(candidates: readonly Tree[], out: FlowEvent[]): void {
    const seen = new Set<Candidate>();
    for (const [position, candidate] of candidates.entries()) {
      const index = candidate["index"] ?? position;
      const reader = this.#candidateAt(index);
      if (seen.has(reader)) {
        throw this.#context.failure("protocol_error", `two candidates of one chunk have the index ${index}`);
      }
      seen.add(reader);
      reader.push(candidate, out);
    }
  }

  end(out: FlowEvent[]): readonly Answer[] {
    const sorted = [...this.#candidates].sort(([left], [right]) => left - right);
    for (const [, candidate] of sorted) candidate.close(out);
    return sorted.map(([sample, candidate]) => new Answer(sample, [candidate]));
  }

  #candidateAt(index: unknown): Candidate {
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= this.#samples) {
      const words = `a candidate has the index ${JSON.stringify(index)}; ${this.#samples} were requested`;
      throw this.#context.failure("protocol_error", words);
    }
    let candidate = this.#candidates.get(index);
    if (candidate === undefined) {
      candidate = new Candidate({ sample: index, slot: index, ids: new AnswerIds() }, this.#context);
      this.#candidates.set(index, candidate);
    }
    return candidate;
  }
}

/** Candidates of a request for one answer. */
export class SoleCandidates implements Candidates {
  readonly #context: CandidateContext;
  readonly #answer = new SoleAnswer();
  readonly #ids = new AnswerIds();
  readonly #held = new Map<string, Held>();
  readonly #candidates = new Map<Held, Candidate>();

  constructor(context: CandidateContext) {
    this.#context = context;
  }

  get empty(): boolean {
    return this.#candidates.size === 0;
  }

  read(candidates: readonly Tree[], out: FlowEvent[]): void {
    const seen = new Map<number, number>();
    try {
      for (const [position, candidate] of candidates.entries()) {
        const index = typeof candidate["index"] === "number" ? candidate["index"] : position;
        const earlier = seen.get(index) ?? 0;
        seen.set(index, earlier + 1);
        this.#push(candidate, this.#heldAt(index, earlier));
      }
    } finally {
      this.#answer.flush(out);
    }
  }

  end(out: FlowEvent[]): readonly Answer[] {
    for (const [held, candidate] of this.#candidates) candidate.close(held.events);
    const parts = this.#answer.end(out);
    if (parts === undefined) {
      const words = "the response has several answers, and the one with the lowest index arrived last";
      throw this.#context.failure("protocol_error", words);
    }
    const candidates = parts.map((part) => this.#candidates.get(part)).filter((candidate) => candidate !== undefined);
    return candidates.length === 0 ? [] : [new Answer(0, candidates)];
  }

  #push(candidate: Tree, held: Held): void {
    const reader = this.#candidates.get(held);
    reader?.push(candidate, held.events);
    this.#answer.note(held, reader?.hasText === true);
  }

  /** Two candidates of one chunk are different, even with the same index. */
  #heldAt(index: number, earlier: number): Held {
    const key = `${index} ${earlier}`;
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const held = this.#answer.hold(index);
    this.#held.set(key, held);
    this.#candidates.set(held, new Candidate({ sample: 0, slot: held.slot, ids: this.#ids }, this.#context));
    return held;
  }
}
