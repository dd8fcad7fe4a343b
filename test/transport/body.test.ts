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

test("the socket is read up to 64 KiB ahead of the reader, and on once these were taken", () => {
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

test("a reader that takes each chunk as it comes is never made to wait", () => {
  const { body, asked } = setUp();
  body.onChange = () => body.take();
  body.push(Buffer.alloc(LIMIT + 1));
  expect(asked).toEqual([]);
});

test("for a reader that wants the whole body nothing is held back", () => {
  const { body, asked } = setUp();
  body.push(Buffer.alloc(LIMIT + 1));
  body.collect();
  body.push(Buffer.alloc(LIMIT + 1));
  expect(asked).toEqual(["pause", "resume"]);
});

test("what arrived before the end is delivered, what comes after it is not", () => {
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

test("what arrived before a failure is delivered, and the first failure stands", () => {
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

test("cancelling drops what was not taken, also of a body that had ended", () => {
  const { body, changes, text } = setUp();
  body.push(Buffer.from("ab"));
  body.end();
  body.fail(failure, true);
  expect(changes).toEqual(["open 2", "ended 2", "failed 0"]);
  expect(body).toMatchObject({ state: "failed", failure });
  expect(text()).toBe("");
});

test("a body that ended is asked for no more", () => {
  const { body, asked } = setUp();
  body.push(Buffer.alloc(LIMIT + 1));
  body.end();
  body.take();
  expect(asked).toEqual(["pause"]);
});

test("nobody needs to listen", () => {
  const { body } = setUp();
  body.onChange = undefined;
  body.push(Buffer.from("a"));
  body.end();
  expect(body.state).toBe("ended");
});
