/** An answer from the user of the simulator; absent fields are generated. */
export interface SimulatedAnswer {
  readonly text?: string;
  readonly reasoning?: string;
  /** The reasoning is sent as `redacted_thinking`; only on the Anthropic wire. */
  readonly redacted?: boolean;
  readonly refusal?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly finish?: SimulatedFinish;
  /** Counts that replace the simulator's own. */
  readonly usage?: Partial<SimulatedUsage>;
}

export const SIMULATED_FINISHES = ["stop", "length", "tool-calls", "content-filter", "refusal"] as const;
export type SimulatedFinish = (typeof SIMULATED_FINISHES)[number];

/** Tokens; `input` is the complete prompt, including cached parts, `output` includes reasoning. */
export interface SimulatedUsage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number;
}

/** A complete answer, independent of the wire format. */
export interface Answer {
  /** Equal for equal requests; ids are derived from it. */
  readonly fingerprint: string;
  readonly samples: readonly Sample[];
  readonly usage: SimulatedUsage;
}

export interface Sample {
  readonly index: number;
  readonly reasoning: string;
  readonly redacted: boolean;
  readonly text: string;
  readonly refusal: string;
  readonly calls: readonly SampleCall[];
  readonly finish: SimulatedFinish;
  /** The stop sequence that ended the text. */
  readonly stopSequence: string | undefined;
}

export interface SampleCall {
  readonly name: string;
  /** May be truncated by the token limit; then `arguments` is empty. */
  readonly json: string;
  readonly arguments: unknown;
}
