import type { Adjustment } from "../core/attempt.ts";

/** What the choices of an answer have to tell about a piece of theirs. */
export interface Lane<Piece> {
  /** Orders the choices; the lowest is the answer where only one can be. */
  readonly rank: number;
  readonly pieces: Piece[];
  hasText: boolean;
}

/** So many chunks without a first choice, and the lowest choice there is begins to be read. */
const PATIENCE = 8;

/**
 * The choices of an answer that was asked for one. A sole choice is the answer whatever its index. Several are one answer
 * in pieces, as long as at most one of them has text: relays put text into one and tool calls into another. Otherwise the
 * lowest index answers. One choice is read while it comes in; the others wait for the end.
 */
export class Choices<Piece> {
  readonly #lanes = new Map<string, Lane<Piece>>();
  #live: Lane<Piece> | undefined;
  #waited = 0;

  /** Whether the choices are parts of one answer. */
  get joins(): boolean {
    return [...this.#lanes.values()].filter(({ hasText }) => hasText).length <= 1;
  }

  /** Takes a piece of a choice. `rank` orders the choice among the others. */
  add(key: string, rank: number, piece: Piece, hasText: boolean): Lane<Piece> {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { rank, pieces: [], hasText: false };
      this.#lanes.set(key, lane);
    }
    lane.hasText ||= hasText;
    lane.pieces.push(piece);
    return lane;
  }

  /** The pieces to be read now, after a chunk. */
  read(): readonly Piece[] {
    this.#live ??= this.#firstLive();
    return this.#live?.pieces.splice(0) ?? [];
  }

  #firstLive(): Lane<Piece> | undefined {
    const lowest = this.#lowest();
    if (lowest === undefined || lowest.rank <= 0) return lowest;
    this.#waited += 1;
    return this.#waited > PATIENCE ? lowest : undefined;
  }

  /** At the end: the choices still to be read, in order, and what is left out. `lost` when the answer was not the one read. */
  settle(): {
    readonly joined: readonly Lane<Piece>[];
    readonly leftOut: readonly Lane<Piece>[];
    readonly lost: boolean;
  } {
    const all = [...this.#lanes.values()].sort((left, right) => left.rank - right.rank);
    const [lowest] = all;
    if (!this.joins && lowest !== undefined) {
      const lost = this.#live !== undefined && this.#live !== lowest;
      return { joined: [lowest], leftOut: all.slice(1), lost };
    }
    const first = this.#live ?? all.find(({ hasText }) => hasText);
    const joined = first === undefined ? all : [first, ...all.filter((lane) => lane !== first)];
    return { joined, leftOut: [], lost: false };
  }

  #lowest(): Lane<Piece> | undefined {
    let lowest: Lane<Piece> | undefined;
    for (const lane of this.#lanes.values()) if (lowest === undefined || lane.rank < lowest.rank) lowest = lane;
    return lowest;
  }
}

export function leftOutAdjustment(answering: number, leftOut: readonly number[]): Adjustment {
  const reason = "the answer has several choices with text; the lowest index answers and the others are left out";
  return { setting: "choices", from: [answering, ...leftOut], to: answering, reason };
}
