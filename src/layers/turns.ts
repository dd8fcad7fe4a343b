/** A member of nested groups, outermost first, such as a key and its user. */
export type TurnPath = readonly string[];

/** Members of a group take turns, and so do the groups around them. */
export class Turns {
  /** The next turn of each member that waits, and how often it waits. */
  readonly #members = new Map<string, { turn: number; count: number }>();
  /** The last turn that was served in each group. */
  readonly #served = new Map<string, number>();

  join(path: TurnPath): void {
    eachLevel(path, (member, group) => {
      const known = this.#members.get(member);
      if (known === undefined) this.#members.set(member, { turn: (this.#served.get(group) ?? 0) + 1, count: 1 });
      else known.count++;
    });
  }

  /** `served`: it took its turn. */
  leave(path: TurnPath, served: boolean): void {
    eachLevel(path, (member, group) => {
      const known = this.#members.get(member);
      if (known === undefined) return;
      if (served) {
        this.#served.set(group, Math.max(known.turn, this.#served.get(group) ?? 0));
        known.turn = known.turn + 1;
      }
      known.count--;
      if (known.count > 0) return;
      this.#members.delete(member);
      this.#served.delete(member);
    });
  }

  /** Negative if it is the turn of the left one. */
  compare(left: TurnPath, right: TurnPath): number {
    for (let level = 1; level <= left.length; level++) {
      const difference = this.#turnOf(left, level) - this.#turnOf(right, level);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #turnOf(path: TurnPath, level: number): number {
    return this.#members.get(nameOf(path, level))?.turn ?? 0;
  }
}

function eachLevel(path: TurnPath, visit: (member: string, group: string) => void): void {
  for (let level = 1; level <= path.length; level++) visit(nameOf(path, level), nameOf(path, level - 1));
}

function nameOf(path: TurnPath, level: number): string {
  return JSON.stringify(path.slice(0, level));
}
