import { MemberState } from "./member-state.ts";

/** The state of a group between calls; it survives a reload. */
export class GroupState {
  readonly #members = new Map<string, MemberState>();
  #turn = 0;

  /** Number of earlier calls. */
  nextTurn(): number {
    return this.#turn++;
  }

  memberOf(entry: string): MemberState {
    let member = this.#members.get(entry);
    if (member === undefined) {
      member = new MemberState();
      this.#members.set(entry, member);
    }
    return member;
  }
}

/** The groups of a factory by name. */
export class GroupStates {
  readonly #groups = new Map<string, GroupState>();

  of(name: string): GroupState {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new GroupState();
      this.#groups.set(name, group);
    }
    return group;
  }
}
