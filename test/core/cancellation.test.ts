import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { Cancellation, sleep, unlessCancelled } from "../../src/core/cancellation.ts";
import { systemClock } from "../../src/core/clock.ts";
import { abort } from "../harness/call-of.ts";
import { CountedCancellation } from "../harness/counted-cancellation.ts";
import { FakeClock } from "../harness/fake-clock.ts";

describe("a cancellation", () => {
  it("calls each listener once, with the first reason, late ones at once", () => {
    const scope = new Cancellation();
    const heard: unknown[] = [];
    scope.onCancel((reason) => heard.push(reason));
    const [first, second] = [abort("one"), abort("two")];
    scope.cancel(first);
    scope.cancel(second);
    scope.onCancel((reason) => heard.push(reason));
    expect(heard).toEqual([first, first]);
    expect(() => scope.throwIfCancelled()).toThrow(first);
  });

  it("does not call removed listeners", () => {
    const scope = new Cancellation();
    let heard = 0;
    scope.onCancel(() => heard++)();
    scope.cancel(abort());
    expect(heard).toBe(0);
  });

  it("propagates to children, not to parents", () => {
    const parent = new Cancellation();
    const [left, right] = [parent.child(), parent.child()];
    left.cancel(abort("left"));
    expect([parent.cancelled, right.cancelled]).toEqual([false, false]);
    const reason = abort("all");
    parent.cancel(reason);
    expect(right.reason).toBe(reason);
    expect(left.reason?.cause).toMatchObject({ message: "left" });
    expect(parent.child().reason).toBe(reason);
  });

  it("is aborted with the caller's reason as its cause", () => {
    const controller = new AbortController();
    const scope = new Cancellation();
    scope.follow(controller.signal);
    controller.abort("user left");
    expect(scope.reason).toMatchObject({ code: "aborted", cause: "user left" });
  });

  it("follows a signal that is already aborted", () => {
    const scope = new Cancellation();
    scope.follow(AbortSignal.abort("before"));
    expect(scope.reason).toMatchObject({ code: "aborted", cause: "before" });
  });

  it("leaves no listener on a shared signal", () => {
    const controller = new AbortController();
    for (let index = 0; index < 100; index++) {
      const scope = new Cancellation();
      scope.follow(controller.signal);
      scope.child();
      scope.release();
    }
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    const used = new Cancellation();
    used.follow(controller.signal);
    controller.abort();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  it("provides a standard signal, even after the cancellation", () => {
    const scope = new Cancellation();
    const { signal } = scope;
    expect(scope.signal).toBe(signal);
    const reason = abort();
    scope.cancel(reason);
    expect(signal.reason).toBe(reason);
    const late = new Cancellation();
    late.cancel(reason);
    expect(late.signal.aborted).toBe(true);
  });

  it("is not cancelled after release", () => {
    const parent = new Cancellation();
    const child = parent.child();
    child.release();
    parent.cancel(abort());
    expect(child.cancelled).toBe(false);
  });
});

describe("a wait", () => {
  it("ends after its time, and leaves no timer", async () => {
    const clock = new FakeClock();
    const scope = new CountedCancellation();
    const waiting = sleep(clock, 1_000, scope);
    await clock.advance(1_000);
    await waiting;
    expect([clock.pending, scope.listening.size]).toEqual([0, 0]);
  });

  it("ends at once when cancelled, and leaves no timer", async () => {
    const clock = new FakeClock();
    const scope = new Cancellation();
    const waiting = sleep(clock, 1_000, scope);
    const reason = abort();
    scope.cancel(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(sleep(clock, 1_000, scope)).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
    expect(clock.monotonic()).toBe(0);
  });

  it("on the system's clock is clamped instead of ending at once", async () => {
    const scope = new Cancellation();
    let ended = false;
    const waiting = sleep(systemClock, 9_999_999_000, scope).finally(() => {
      ended = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(ended).toBe(false);
    scope.cancel(abort());
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("a promise that may be cancelled", () => {
  it("settles normally without a cancellation", async () => {
    const scope = new Cancellation();
    await expect(unlessCancelled(Promise.resolve(1), scope)).resolves.toBe(1);
    await expect(unlessCancelled(Promise.reject(new Error("x")), scope)).rejects.toThrow("x");
  });

  it("rejects at once when cancelled, without a later unhandled rejection", async () => {
    const scope = new Cancellation();
    let fail = (_: Error) => {};
    const slow = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const waiting = unlessCancelled(slow, scope);
    const reason = abort();
    scope.cancel(reason);
    await expect(waiting).rejects.toBe(reason);
    fail(new Error("too late"));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
