import type { Price } from "../core/cost.ts";
import type { MemberState } from "./member-state.ts";

export type Strategy = "priority" | "round_robin" | "random" | "weighted" | "least_busy" | "latency" | "cost" | "usage";

export interface Candidate {
  /** Share of the calls for "weighted". */
  readonly weight: number;
  price(): Price | undefined;
  readonly state: MemberState;
}

interface Moment {
  /** Number of earlier calls of the group. */
  readonly turn: number;
  readonly random: () => number;
  readonly nowMs: number;
}

/** Orders the members of a group for one call. */
export function inOrder<M extends Candidate>(strategy: Strategy, members: readonly M[], moment: Moment): readonly M[] {
  const { turn, random, nowMs } = moment;
  // Equal members take turns.
  const rotated = members.map((_, index) => members[(index + turn) % members.length] as M);
  const by = (rank: (member: M) => number) => rotated.toSorted((left, right) => rank(left) - rank(right));
  switch (strategy) {
    case "priority":
      return members;
    case "round_robin":
      return rotated;
    case "random":
      return drawn(members, () => 1, random);
    case "weighted":
      return drawn(members, ({ weight }) => weight, random);
    case "least_busy":
      return by(({ state }) => state.inFlight);
    case "latency":
      return by(({ state }) => state.latencyMs(nowMs) ?? 0);
    case "usage":
      return by(({ state }) => state.tokens(nowMs));
    case "cost":
      return by((member) => costOf(member.price()));
  }
}

/** Random order, with probabilities in proportion to the weights of the remaining members. */
function drawn<M>(members: readonly M[], weightOf: (member: M) => number, random: () => number): readonly M[] {
  const left = [...members];
  const order: M[] = [];
  while (left.length > 0) {
    let ticket = random() * left.reduce((sum, member) => sum + weightOf(member), 0);
    let index = 0;
    for (; index < left.length - 1; index++) {
      ticket -= weightOf(left[index] as M);
      if (ticket < 0) break;
    }
    order.push(...left.splice(index, 1));
  }
  return order;
}

/** Price of a million input and a million output tokens; a member without a price comes last. */
function costOf(price: Price | undefined): number {
  return price === undefined ? Number.POSITIVE_INFINITY : price.input + price.output;
}
