/** A part of a text, `end` exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Replaces each range, or sequence of touching ranges, with `mask`. */
export function covered(text: string, ranges: readonly Range[], mask: string): string {
  let shown = "";
  let from = 0;
  let until = -1;
  for (const { start, end } of ranges.toSorted((left, right) => left.start - right.start)) {
    if (until >= start) {
      until = Math.max(until, end);
      continue;
    }
    if (until >= 0) {
      shown += mask;
      from = until;
    }
    shown += text.slice(from, start);
    until = end;
  }
  return until < 0 ? text : shown + mask + text.slice(until);
}
