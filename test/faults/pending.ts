/**
 * Rows (`M11`), or runs of a row (`M11#2`), that do not hold yet, and why. They run all the same: one that holds must leave
 * this list.
 */
export const PENDING: Readonly<Record<string, string>> = {};
