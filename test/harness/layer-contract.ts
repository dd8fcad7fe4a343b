import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import { ModelError } from "../../src/core/error.ts";
import type { Events, FlowEvent } from "../../src/core/event.ts";
import type { Layer } from "../../src/core/layer.ts";
import { abort, callOf, read } from "./call-of.ts";
import { CountedCancellation } from "./counted-cancellation.ts";
import { FakeClock, quiet } from "./fake-clock.ts";

const BATCHES: readonly (readonly FlowEvent[])[] = [
  [{ type: "response", id: "r1" }],
  [
    { type: "reasoning-delta", text: "hm", sample: 0 },
    { type: "text-delta", text: "one", sample: 0 },
  ],
  [{ type: "text-delta", text: " two", sample: 0 }],
  [
    {
      type: "usage",
      usage: {
        input: 1,
        output: 2,
        cacheRead: 0,
        cacheWrite: 0,
        reasoning: 0,
        total: 3,
        estimated: false,
        details: {},
      },
    },
    { type: "finish", reason: "stop", sample: 0 },
  ],
];

/** The contract of every layer. `own` recognizes the events that a layer adds itself. */
export function testLayer(
  name: string,
  make: () => Layer,
  call: Partial<Call> = {},
  own: (event: FlowEvent) => boolean = () => false,
): void {
  const started = () => {
    const clock = new FakeClock();
    const cancellation = new CountedCancellation();
    return { clock, cancellation, call: callOf({ clock, cancellation, ...call }) };
  };

  describe(`${name} fulfills the contract of a layer`, () => {
    it("passes events on unchanged and in order, and leaves no timer or listener", async () => {
      const { clock, cancellation, call } = started();
      const { events, error } = await clock.settle(read(make()(call, () => answers())));
      call.record.settle({ ok: true });
      expect(error).toBeUndefined();
      expect(events.filter((event) => !own(event))).toEqual(BATCHES.flat());
      expect(cancellation.listening.size).toBe(0);
      expect(clock.pending).toBe(0);
    });

    it("closes the layer below when its reader stops early", async () => {
      const { clock, cancellation, call } = started();
      let closed = false;
      const iterator = make()(call, () =>
        answers(() => {
          closed = true;
        }),
      )[Symbol.asyncIterator]();
      await clock.settle(iterator.next());
      await clock.settle(Promise.resolve(iterator.return?.()));
      call.record.settle({ ok: true });
      await quiet();
      expect(closed).toBe(true);
      expect(cancellation.listening.size).toBe(0);
      expect(clock.pending).toBe(0);
    });

    it("passes an abort down and its reason up", async () => {
      const { clock, cancellation, call } = started();
      let heard: unknown;
      const stuck = async function* (inner: Call): Events {
        yield BATCHES[1] as readonly FlowEvent[];
        await new Promise((_, reject) => {
          inner.cancellation.onCancel((reason) => {
            heard = reason;
            reject(reason);
          });
        });
      };
      const reading = read(make()(call, stuck));
      await quiet();
      const reason = abort();
      cancellation.cancel(reason);
      const { error } = await clock.settle(reading);
      call.record.settle({ ok: true });
      expect(heard).toBe(reason);
      expect(error).toBe(reason);
      expect(clock.pending).toBe(0);
    });

    it.each([[0], [1], [2]])("does not swallow a failure (after %i batches)", async (after) => {
      const { clock, cancellation, call } = started();
      const failure = new ModelError({ code: "invalid_request", message: "no" });
      const { error } = await clock.settle(read(make()(call, () => failing(after, failure))));
      call.record.settle({ ok: true });
      expect(error).toBe(failure);
      expect(cancellation.listening.size).toBe(0);
      expect(clock.pending).toBe(0);
    });
  });
}

async function* answers(onClose: () => void = () => {}): Events {
  try {
    for (const batch of BATCHES) yield batch;
  } finally {
    onClose();
  }
}

async function* failing(after: number, failure: ModelError): Events {
  for (const batch of BATCHES.slice(1, 1 + after)) yield batch;
  throw failure;
}
