import { MemberState } from "./member-state.ts";

/** What a group remembers from call to call; it outlives the reading of the file that the group is from. */
export class GroupState {
  readonly #members = new Map<string, MemberState>();
  #turn = 0;

  /** How many calls there were before this one. */
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
