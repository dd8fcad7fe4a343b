import { describe, expect, test } from "vitest";
import type { Call } from "../../src/core/call.ts";
import { ModelError } from "../../src/core/error.ts";
import type { Events, FlowEvent } from "../../src/core/event.ts";
import type { Target } from "../../src/core/target.ts";
import { usageOf } from "../../src/core/usage.ts";
import { Group, type GroupOptions } from "../../src/layers/group.ts";
import { GroupStates } from "../../src/layers/group-states.ts";
import { callOf, targetOf } from "../harness/call-of.ts";
import { FakeClock } from "../harness/fake-clock.ts";

const text = (words: string): FlowEvent => ({ type: "text-delta", text: words, sample: 0 });
const usage: FlowEvent = { type: "usage", usage: usageOf({ input: 7, output: 3, estimated: false }) };

function setUp(options: Partial<GroupOptions> = {}) {
  const clock = new FakeClock();
  const [one, two] = [targetOf("one", {}, { numRetries: 3 }), targetOf("two", {}, { numRetries: 3 })];
  const state = new GroupStates().of("all");
  const group = new Group({
    ...{ strategy: "priority", state, allowedFails: 1, cooldownMs: 5_000, fallbacks: [], leftOut: [] },
    members: [one, two].map((target) => ({ target, weight: 1 })),
    isOpen: () => false,
    ...options,
  });
  const call = (target: Target = one, fields: Partial<Call> = {}) => callOf({ clock, target, ...fields });
  return { clock, group, state, one, two, call };
}

async function read(events: Events): Promise<unknown> {
  try {
    for await (const _ of events);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("a tracked member", () => {
  test("is busy until its answer ends, fails or is abandoned", async () => {
    const { group, state, call } = setUp();
    const member = state.memberOf("one");
    const busy: number[] = [];
    const answer = async function* (): Events {
      busy.push(member.inFlight);
      yield [text("a")];
      yield [text("b")];
    };
    await read(group.watch(call(), answer));
    const left = group.watch(call(), answer)[Symbol.asyncIterator]();
    await left.next();
    busy.push(member.inFlight);
    await left.return?.();
    const broken = new ModelError({ code: "server_error", message: "broken" });
    const failing = async function* (): Events {
      yield [text("a")];
      throw broken;
    };
    expect(await read(group.watch(call(), failing))).toBe(broken);
    expect([...busy, member.inFlight]).toEqual([1, 1, 1, 0]);
  });

  test("has the latency to its first token, and its tokens", async () => {
    const { group, state, call, clock } = setUp();
    await read(
      group.watch(call(), async function* () {
        yield [{ type: "response", id: "r" }];
        await clock.advance(40);
        yield [text("a")];
        await clock.advance(60);
        yield [text("b"), usage];
      }),
    );
    expect([state.memberOf("one").latencyMs(100), state.memberOf("one").tokens(100)]).toEqual([40, 10]);
  });

  test("cools down after a failure of the model only", async () => {
    const { group, state, call } = setUp();
    const throwing = (error: unknown) =>
      async function* (): Events {
        yield [];
        throw error;
      };
    expect(await read(group.watch(call(), throwing(new TypeError("ours"))))).toBeInstanceOf(TypeError);
    expect(state.memberOf("one").restMs(0)).toBe(0);
    await read(group.watch(call(), throwing(new ModelError({ code: "server_error", message: "x" }))));
    expect(state.memberOf("one").restMs(0)).toBe(5_000);
  });

  test("is not retried while another member remains; others are", async () => {
    const { group, call, one } = setUp();
    const seen: (readonly [string, number])[] = [];
    const next = async function* ({ target }: Call): Events {
      seen.push([target.entry, target.policy.numRetries]);
      yield [text("a")];
    };
    await read(group.watch(call(one, { fallbackRemains: true }), next));
    await read(group.watch(call(one), next));
    await read(group.watch(call(targetOf("other", {}, { numRetries: 2 }), { fallbackRemains: true }), next));
    expect(seen).toEqual([
      ["one", 0],
      ["one", 3],
      ["other", 2],
    ]);
  });
});

describe("the chain of a call", () => {
  test("is chosen once and used by fallback", async () => {
    const { group, call } = setUp({ strategy: "round_robin" });
    const chosen: string[] = [];
    for (let turn = 0; turn < 3; turn++)
      await read(
        group.choose(call(), async function* (inner) {
          const chain = group.chainOf(inner);
          chosen.push(inner.target.entry, chain.primary.entry);
          yield [];
        }),
      );
    expect(chosen).toEqual(["one", "one", "two", "two", "one", "one"]);
  });

  test("has cooling members last, before the group's fallbacks", () => {
    const spare = targetOf("spare");
    const { group, state, call } = setUp({ fallbacks: [spare], isOpen: ({ entry }) => entry === "two" });
    const names = () => {
      const chain = group.chainOf(call());
      return [chain.primary, ...(chain.fallbacks("general") ?? [])].map(({ entry }) => entry);
    };
    expect(names()).toEqual(["one", "two", "spare"]);
    state
      .memberOf("one")
      .failed(new ModelError({ code: "server_error", message: "x" }), { allowedFails: 1, cooldownMs: 5_000 }, 0);
    expect(names()).toEqual(["two", "one", "spare"]);
    expect(group.chainOf(call()).isGroup).toBe(true);
    expect(group.chainOf(call()).fallbacks("policy")).toBeUndefined();
  });
});

test("the states of a group survive a reload", () => {
  const states = new GroupStates();
  expect(states.of("a")).toBe(states.of("a"));
  expect(states.of("a")).not.toBe(states.of("b"));
  expect(states.of("a").memberOf("x")).toBe(states.of("a").memberOf("x"));
  expect([states.of("a").nextTurn(), states.of("a").nextTurn(), states.of("b").nextTurn()]).toEqual([0, 1, 0]);
});
