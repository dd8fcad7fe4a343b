import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { Events } from "../../src/core/event.ts";
import { Breakers, circuitBreaker } from "../../src/layers/circuit-breaker.ts";
import { callOf, read, targetOf } from "../harness/call-of.ts";
import { countShortTimers, FakeClock, quiet } from "../harness/fake-clock.ts";

countShortTimers();

const ENDS = {
  ok: undefined,
  failed: { code: "server_error" },
  answered: { code: "invalid_request", status: 400 },
  unsent: { code: "unsupported" },
} as const;
type End = keyof typeof ENDS;
type Kind = "plain" | "probe";

interface Settings {
  readonly threshold: number;
  readonly windowMs: number | undefined;
  readonly halfOpenAfterMs: number;
}

/** The breaker in words of one syllable: what opens it, what it lets through, what closes it. */
class Reference {
  state: "closed" | "open" | "half-open" = "closed";
  readonly #settings: Settings;
  #failures: number[] = [];
  #openedAt = 0;
  #probe = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  admits(nowMs: number): { kind: Kind; probe: number } | undefined {
    if (this.state === "closed") return { kind: "plain", probe: 0 };
    if (this.state === "half-open" || nowMs - this.#openedAt < this.#settings.halfOpenAfterMs) return undefined;
    this.state = "half-open";
    return { kind: "probe", probe: ++this.#probe };
  }

  ended({ kind, probe }: { kind: Kind; probe: number }, end: End, nowMs: number): void {
    if (kind === "plain") this.#plain(end, nowMs);
    else if (this.state === "half-open" && probe === this.#probe) {
      if (end === "ok" || end === "answered") {
        this.state = "closed";
        this.#failures = [];
      } else {
        if (end === "failed") this.#fail(nowMs);
        this.#open(end === "failed" ? nowMs : nowMs - this.#settings.halfOpenAfterMs);
      }
    }
  }

  #plain(end: End, nowMs: number): void {
    if (end === "ok" && this.#settings.windowMs === undefined) this.#failures = [];
    if (end !== "failed") return;
    this.#fail(nowMs);
    if (this.#failures.length >= this.#settings.threshold && this.state !== "open") this.#open(nowMs);
  }

  #fail(nowMs: number): void {
    const { windowMs = Number.POSITIVE_INFINITY } = this.#settings;
    this.#failures = [...this.#failures.filter((at) => at > nowMs - windowMs), nowMs];
  }

  #open(nowMs: number): void {
    this.state = "open";
    this.#openedAt = nowMs;
  }
}

const settings: fc.Arbitrary<Settings> = fc.record({
  threshold: fc.integer({ min: 1, max: 4 }),
  windowMs: fc.constantFrom(undefined, 50, 1_000),
  halfOpenAfterMs: fc.constantFrom(10, 100),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: "begin" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      which: fc.nat(5),
      end: fc.constantFrom<End>("ok", "failed", "failed", "answered", "unsent"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 9, 10, 60, 100) }) },
);

test("property 25: the breaker matches a reference automaton for any sequence of outcomes", async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(step, { maxLength: 40, size: "max" }), async (breaker, steps) => {
      const clock = new FakeClock();
      const target = targetOf("main", {}, { breaker });
      const breakers = new Breakers(clock);
      const reference = new Reference(breaker);
      const open: { admitted: { kind: Kind; probe: number }; end: (end: End) => void }[] = [];
      const nowMs = () => clock.monotonic();
      for (const one of steps) {
        if (one.do === "wait") {
          await clock.advance(one.ms);
        } else if (one.do === "begin") {
          const admitted = reference.admits(nowMs());
          const call = begun(breakers, callOf({ target, clock }));
          await quiet();
          expect(call.refused()).toBe(admitted === undefined);
          if (admitted !== undefined) open.push({ admitted, end: call.end });
        } else {
          const [call] = open.splice(one.which % Math.max(1, open.length), 1);
          if (call === undefined) continue;
          call.end(one.end);
          await quiet();
          reference.ended(call.admitted, one.end, nowMs());
        }
        expect(breakers.state(target)).toBe(reference.state);
      }
      for (const { end } of open) end("unsent");
      await quiet();
    }),
    { numRuns: 1_000 },
  );
}, 40_000);

/** A call that is let through, or not, and ends when it is told to. */
function begun(breakers: Breakers, call: ReturnType<typeof callOf>) {
  const ending = Promise.withResolvers<End>();
  let code: ModelErrorCode | undefined;
  const next = async function* (): Events {
    const failure = ENDS[await ending.promise];
    if (failure !== undefined) throw new ModelError({ ...failure, message: failure.code });
    yield [{ type: "finish", reason: "stop", sample: 0 }];
  };
  read(circuitBreaker(breakers)(call, next)).then(({ error }) => {
    code = error?.code;
  });
  return { refused: () => code === "circuit_open", end: ending.resolve };
}
