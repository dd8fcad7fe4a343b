/**
 * The candidate closest to a misspelled word, or `undefined` if none is close. Case and `-` / `_` are ignored; a
 * transposition counts as one edit. Words up to 3 letters may differ by 1 edit, up to 8 by 2, longer ones by 3.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word);
  let best: string | undefined;
  let bestDistance = allowedEdits(wanted.length) + 1;
  for (const candidate of candidates) {
    const other = plain(candidate);
    if (Math.abs(other.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, other);
    if (distance < bestDistance && distance < Math.max(wanted.length, other.length)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Longer words are truncated: no key has 64 letters, and the cost is quadratic. */
const MAX_LENGTH = 64;

function plain(word: string): string {
  return word.slice(0, MAX_LENGTH).toLowerCase().replaceAll("-", "_");
}

function allowedEdits(length: number): number {
  if (length <= 3) return 1;
  return length <= 8 ? 2 : 3;
}

/** Damerau-Levenshtein distance (optimal string alignment), three rows. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, right.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
