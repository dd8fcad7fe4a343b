/** An answer made by the user of the simulator; what is absent is made up as usual. */
export interface SimulatedAnswer {
  readonly text?: string;
  readonly reasoning?: string;
  /** The reasoning comes sealed instead of readable (`redacted_thinking`); only the Anthropic wire has this. */
  readonly redacted?: boolean;
  readonly refusal?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly finish?: SimulatedFinish;
  /** Counts that replace the simulator's own. */
  readonly usage?: Partial<SimulatedUsage>;
}

export const SIMULATED_FINISHES = ["stop", "length", "tool-calls", "content-filter", "refusal"] as const;
export type SimulatedFinish = (typeof SIMULATED_FINISHES)[number];

/** Tokens; `input` is the whole prompt, cached parts included, `output` everything produced, reasoning included. */
export interface SimulatedUsage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number;
}

/** A whole answer, before a wire gives it its form. */
export interface Answer {
  /** The same for the same request; ids are made from it. */
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
  /** May be cut by the token limit; then `arguments` is empty. */
  readonly json: string;
  readonly arguments: unknown;
}
