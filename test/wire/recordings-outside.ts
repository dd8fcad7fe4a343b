/** Recordings with features that the canonical model has no place for. */
export const OUTSIDE: Readonly<Record<string, { readonly features: readonly string[]; readonly keeps: readonly string[] }>> = {};
