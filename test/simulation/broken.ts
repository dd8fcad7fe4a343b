/** Receives a broken promise and the details. */
export type Broken = (promise: string, what: string) => void;

/** Floating-point error, not tolerance: in virtual time everything happens exactly on time. */
export const EPSILON_MS = 1e-6;
