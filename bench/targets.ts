import type { ScenarioName, Wire } from "./scenarios.ts";

type PerWire = Readonly<Record<Wire, number>>;
const everyWire = (share: number): PerWire => ({ openai: share, anthropic: share, google: share });

const SHORT_PROMPT = {
  1: { openai: 0.45, anthropic: 0.45, google: 0.48 },
  16: { openai: 0.4, anthropic: 0.36, google: 0.45 },
};
const LONG_PROMPT = { 1: everyWire(0.75), 16: everyWire(0.75) };

/** The maximum share of the official SDK's CPU time per call. */
const CALL: Readonly<Record<ScenarioName, Readonly<Record<number, PerWire>>>> = {
  base: SHORT_PROMPT,
  real: SHORT_PROMPT,
  big: LONG_PROMPT,
  huge: LONG_PROMPT,
};

/** The same per delta of a stream that arrives in one burst. */
const DELTA: PerWire = { openai: 0.45, anthropic: 0.7, google: 0.2 };

export const callTarget = (wire: Wire, scenario: ScenarioName, inFlight: number): number | undefined =>
  CALL[scenario][inFlight]?.[wire];
export const deltaTarget = (wire: Wire): number => DELTA[wire];

/** The maximum shares of other libraries' CPU time: of the AI SDK per delta, and of any library. */
export const AI_SDK_DELTA_TARGET = 0.12;
export const PEER_TARGET = 1;
