/** Told of a promise that did not hold, and how. */
export type Broken = (promise: string, what: string) => void;

/** Floating point, not tolerance: in virtual time everything happens at its instant. */
export const EPSILON_MS = 1e-6;
