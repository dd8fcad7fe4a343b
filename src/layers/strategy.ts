import type { Price } from "../core/cost.ts";
import type { MemberState } from "./member-state.ts";

export type Strategy = "priority" | "round_robin" | "random" | "weighted" | "least_busy" | "latency" | "cost" | "usage";

export interface Candidate {
  /** Share of the calls, by "weighted". */
  readonly weight: number;
  price(): Price | undefined;
  readonly state: MemberState;
}

interface Moment {
  /** Calls of the group before this one. */
  readonly turn: number;
  readonly random: () => number;
  readonly nowMs: number;
}

/** The members of a group in the order one call tries them. */
export function inOrder<M extends Candidate>(strategy: Strategy, members: readonly M[], moment: Moment): readonly M[] {
  const { turn, random, nowMs } = moment;
  // Members that are equal take turns.
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

/** One after the other, each with a chance in proportion to its weight among those that are left. */
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

/** Of a million tokens of prompt and as many of answer; a member without a price comes last. */
function costOf(price: Price | undefined): number {
  return price === undefined ? Number.POSITIVE_INFINITY : price.input + price.output;
}
