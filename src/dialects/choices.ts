import type { Adjustment } from "../core/attempt.ts";

/** One choice of a response. */
export interface Lane<Piece> {
  /** Order of the choices; the lowest one is delivered if only one can be. */
  readonly rank: number;
  pieces: Piece[];
  hasText: boolean;
}

/** After this many chunks without the first choice, the lowest available one is read. */
const PATIENCE = 8;

/**
 * The choices of a response to a request for one. A single choice is the answer, with any index. Several choices are parts of
 * one answer if at most one of them has text: some relays put text into one and tool calls into another. Otherwise the one
 * with the lowest index is delivered. One choice is read as it arrives; the others are buffered until the end.
 */
export class Choices<Piece> {
  readonly #lanes = new Map<string, Lane<Piece>>();
  #live: Lane<Piece> | undefined;
  #waited = 0;

  /** Whether the choices are parts of one answer. */
  get joins(): boolean {
    return [...this.#lanes.values()].filter(({ hasText }) => hasText).length <= 1;
  }

  /** Adds a piece of a choice. `rank` orders the choices. */
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

  /** The pieces to read after a chunk. */
  read(): readonly Piece[] {
    this.#live ??= this.#firstLive();
    const lane = this.#live;
    if (lane === undefined) return [];
    const { pieces } = lane;
    lane.pieces = [];
    return pieces;
  }

  #firstLive(): Lane<Piece> | undefined {
    const lowest = this.#lowest();
    if (lowest === undefined || lowest.rank <= 0) return lowest;
    this.#waited += 1;
    return this.#waited > PATIENCE ? lowest : undefined;
  }

  /** At the end: the choices still to read, in order, and the omitted ones. `lost`: the answer is not the choice that was read. */
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
  const reason =
    "the response has several choices with text; the one with the lowest index is used, the others are dropped";
  return { setting: "choices", from: [answering, ...leftOut], to: answering, reason };
}
