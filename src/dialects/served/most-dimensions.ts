/** Longer vectors are refused: many of them would keep the server busy for minutes. */
export const MOST_DIMENSIONS = 65_536;
