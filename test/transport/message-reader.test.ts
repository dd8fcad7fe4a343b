import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import { Body } from "../../src/transport/body.ts";
import { BodyCut } from "../../src/transport/failure.ts";
import { MessageReader, mayBeEventStream, notEventStream } from "../../src/transport/message-reader.ts";

function setUp(contentType: string | null = "text/event-stream") {
  const cancelled: ModelError[] = [];
  const body: Body = new Body({
    pause() {},
    resume() {},
    cancel: (reason) => {
      cancelled.push(reason);
      body.fail(reason, true);
    },
  });
  let aborted: ModelError | undefined;
  const reader = new MessageReader({
    body,
    url: "http://host/v1",
    contentType,
    throwIfCancelled: () => {
      if (aborted !== undefined) throw aborted;
    },
  });
  const say = (text: string) => body.push(Buffer.from(text));
  const next = async () => {
    const { value, done } = await reader.next();
    return done ? "end" : value.map(({ data }) => data);
  };
  const abort = (reason: ModelError) => {
    aborted = reason;
  };
  return { body, reader, cancelled, say, next, abort };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: ModelError) => error.code,
  );

describe("a reader", () => {
  test("yields buffered events, waits for more, and ends with the body", async () => {
    const { body, say, next } = setUp();
    say("data: 1\n\ndata: 2\n\n");
    expect(await next()).toEqual(["1", "2"]);
    const waiting = next();
    say("data: 3\n");
    say("\n");
    expect(await waiting).toEqual(["3"]);
    say("data: 4");
    body.end();
    expect([await next(), await next(), await next()]).toEqual([["4"], "end", "end"]);
  });

  test("of a truncated body yields earlier events, then the error, once", async () => {
    const { body, say, next } = setUp();
    say("data: 1\n\n");
    body.fail(new BodyCut(undefined), false);
    expect(await next()).toEqual(["1"]);
    expect(await codeOf(next())).toBe("stream_truncated");
    expect(await next()).toBe("end");
  });

  test("of a damaged body yields earlier events, then fails and closes the socket", async () => {
    const { say, next, cancelled } = setUp();
    say('data: 1\n\ndat: {"text":"lost"}\n\ndata: 2\n\n');
    expect(await next()).toEqual(["1"]);
    expect(await codeOf(next())).toBe("protocol_error");
    expect(cancelled.map(({ code }) => code)).toEqual(["protocol_error"]);
    expect(await next()).toBe("end");
  });

  test("that waits gets a truncation error, or a ModelError unchanged", async () => {
    const cut = setUp();
    const waiting = codeOf(cut.next());
    cut.body.fail(new BodyCut(undefined), false);
    expect(await waiting).toBe("stream_truncated");
    const late = setUp();
    const silent = codeOf(late.next());
    late.body.fail(new ModelError({ code: "timed_out", message: "" }), false);
    expect(await silent).toBe("timed_out");
  });

  test("of an aborted call yields nothing more, and the socket is closed", async () => {
    const { say, next, abort, cancelled } = setUp();
    say("data: 1\n\n");
    const reason = new ModelError({ code: "aborted", message: "enough" });
    abort(reason);
    await expect(next()).rejects.toBe(reason);
    expect(cancelled).toEqual([reason]);
    expect(await next().catch(() => "aborted")).toBe("aborted");
  });
});

describe("closing a reader", () => {
  test("closes the socket of an unfinished body, once", async () => {
    const { reader, cancelled } = setUp();
    await reader.return();
    await reader.return();
    expect(cancelled.map(({ code }) => code)).toEqual(["aborted"]);
    expect(await reader.next()).toMatchObject({ done: true });
  });

  test("keeps the connection when the body ends directly after", async () => {
    const { body, reader, cancelled } = setUp();
    const left = reader.return();
    await turn();
    body.end();
    await left;
    expect([cancelled, body.state]).toEqual([[], "ended"]);
  });

  test("does not wait when there are unread events", async () => {
    const { body, say, reader, cancelled } = setUp();
    say("data: 1\n\n");
    const left = reader.return();
    expect(cancelled).toHaveLength(1);
    await left;
    expect(body.bytes).toBe(0);
  });

  test("waits two turns and no longer", async () => {
    const { body, reader, cancelled } = setUp();
    const left = reader.return();
    for (let turns = 0; turns < 4; turns++) await turn();
    body.end();
    await left;
    expect(cancelled).toHaveLength(1);
  });

  test("drops unread events of an ended body", async () => {
    const { body, say, reader, cancelled } = setUp();
    say("data: 1\n\n");
    body.end();
    await reader.return();
    expect([cancelled, body.bytes]).toEqual([[], 0]);
  });

  test("does nothing after the end", async () => {
    const { body, reader, next, cancelled } = setUp();
    body.end();
    expect(await next()).toBe("end");
    body.state = "open";
    await reader.return();
    expect(cancelled).toEqual([]);
  });
});

describe("detecting an event stream", () => {
  test.each([
    [null, true],
    ["", true],
    ["text/event-stream", true],
    [" Text/Event-Stream; charset=utf-8", true],
    ["text/plain; charset=utf-8", true],
    [" application/octet-stream", true],
    ["application/json", false],
    ["text/html", false],
    ["x-text/event-stream", false],
  ])("%j: %j", (contentType, may) => {
    expect(mayBeEventStream(contentType)).toBe(may);
  });

  test("uses the first bytes for unspecific types, in any chunks", async () => {
    for (const pieces of [
      ["data: 1\n\n"],
      ["da", "ta: 1\n\n"],
      ["\n", " ", ": hi\n\ndata: 1\n\n"],
      ["\0", "\uFEFF", "\0data: 1\n\n"],
    ]) {
      const { say, body, reader } = setUp("text/plain");
      for (const piece of pieces) say(piece);
      body.end();
      expect((await reader.next()).value?.map(({ data }) => data)).toEqual(["1"]);
    }
    const { say, next, cancelled } = setUp(null);
    const waiting = codeOf(next());
    say("<htm");
    expect(await waiting).toBe("protocol_error");
    expect(cancelled.map(({ code }) => code)).toEqual(["protocol_error"]);
  });

  test("fails with protocol_error otherwise, without a retry for HTML", () => {
    expect(notEventStream("host/v1", "text/html; charset=utf-8")).toMatchObject({ shouldRetry: false });
    expect(notEventStream("host/v1", "application/json").shouldRetry).toBeUndefined();
    expect(notEventStream("host/v1", null).message).toBe(
      "expected an event stream from host/v1, got a body without content-type; check base_url",
    );
  });
});
