import { expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import { Body } from "../../src/transport/body.ts";
import { BodyCut } from "../../src/transport/failure.ts";

const failure = new ModelError({ code: "timed_out", message: "late" });

function setUp() {
  const asked: string[] = [];
  const flow = {
    pause: () => asked.push("pause"),
    resume: () => asked.push("resume"),
    cancel: () => asked.push("cancel"),
  };
  const body = new Body(flow);
  const changes: string[] = [];
  body.onChange = () => changes.push(`${body.state} ${body.bytes}`);
  return { body, asked, changes, text: () => Buffer.concat(body.take()).toString() };
}

const LIMIT = 64 * 1024;

test("reads the socket up to 64 KiB ahead of the reader, then pauses until they are consumed", () => {
  const { body, asked } = setUp();
  body.push(Buffer.alloc(LIMIT));
  expect(asked).toEqual([]);
  body.push(Buffer.alloc(1));
  body.push(Buffer.alloc(1));
  expect(asked).toEqual(["pause"]);
  expect(body.take().length).toBe(3);
  expect(body.bytes).toBe(0);
  expect(asked).toEqual(["pause", "resume"]);
  body.take();
  expect(asked).toEqual(["pause", "resume"]);
  body.push(Buffer.alloc(LIMIT + 1));
  expect(asked).toEqual(["pause", "resume", "pause"]);
});

test("never pauses for a fast reader", () => {
  const { body, asked } = setUp();
  body.onChange = () => body.take();
  body.push(Buffer.alloc(LIMIT + 1));
  expect(asked).toEqual([]);
});

test("never pauses for a reader of the complete body", () => {
  const { body, asked } = setUp();
  body.push(Buffer.alloc(LIMIT + 1));
  body.collect();
  body.push(Buffer.alloc(LIMIT + 1));
  expect(asked).toEqual(["pause", "resume"]);
});

test("delivers bytes before the end, and none after it", () => {
  const { body, changes, text } = setUp();
  body.push(Buffer.from("ab"));
  body.end();
  body.push(Buffer.from("c"));
  body.end();
  body.fail(failure, false);
  expect(changes).toEqual(["open 2", "ended 2"]);
  expect(text()).toBe("ab");
  expect(body).toMatchObject({ state: "ended", failure: undefined });
});

test("delivers bytes before a failure, and keeps the first failure", () => {
  const { body, changes, text } = setUp();
  const cut = new BodyCut(undefined);
  body.push(Buffer.from("ab"));
  body.fail(cut, false);
  body.fail(failure, false);
  body.end();
  expect(changes).toEqual(["open 2", "failed 2"]);
  expect(body).toMatchObject({ state: "failed", failure: cut });
  expect(text()).toBe("ab");
});

test("drops unread bytes when cancelled, even after the end", () => {
  const { body, changes, text } = setUp();
  body.push(Buffer.from("ab"));
  body.end();
  body.fail(failure, true);
  expect(changes).toEqual(["open 2", "ended 2", "failed 0"]);
  expect(body).toMatchObject({ state: "failed", failure });
  expect(text()).toBe("");
});

test("does not resume an ended body", () => {
  const { body, asked } = setUp();
  body.push(Buffer.alloc(LIMIT + 1));
  body.end();
  body.take();
  expect(asked).toEqual(["pause"]);
});

test("works without a listener", () => {
  const { body } = setUp();
  body.onChange = undefined;
  body.push(Buffer.from("a"));
  body.end();
  expect(body.state).toBe("ended");
});
