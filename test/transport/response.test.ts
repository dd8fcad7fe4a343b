import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import { Body } from "../../src/transport/body.ts";
import { BodyCut } from "../../src/transport/failure.ts";
import { WireHeaders } from "../../src/transport/headers.ts";
import { HttpResponse } from "../../src/transport/response.ts";
import { exchange } from "../harness/loopback.ts";

function setUp(status = 200, type = "application/json") {
  const cancelled: ModelError[] = [];
  const body: Body = new Body({
    pause() {},
    resume() {},
    cancel: (reason) => {
      cancelled.push(reason);
      body.fail(reason, true);
    },
  });
  const seen = exchange();
  const headers = new WireHeaders({ "content-type": type });
  const response = new HttpResponse(status, "http://host.example/v1?key=1", headers, body, seen);
  return { body, response, cancelled, seen };
}

const LIMIT = 64 * 1024;

test.each([
  [199, false],
  [200, true],
  [299, true],
  [300, false],
])("a response with status %i is ok: %s", (status, ok) => {
  expect(setUp(status).response.ok).toBe(ok);
});

describe("a body", () => {
  test("that has arrived, or arrives later in chunks, is the text", async () => {
    const there = setUp();
    there.body.push(Buffer.from("{}"));
    there.body.end();
    expect([there.response.bodyUsed, await there.response.text(), there.response.bodyUsed]).toEqual([
      false,
      "{}",
      true,
    ]);
    const later = setUp();
    const text = later.response.text();
    for (const byte of Buffer.from("né €")) later.body.push(Buffer.from([byte]));
    later.body.end();
    expect(await text).toBe("né €");
  });

  test("can be read as text or as messages, not both", async () => {
    const { body, response } = setUp(200, "text/event-stream");
    response.messages();
    await expect(response.text()).rejects.toMatchObject({ code: "protocol_error" });
    await expect(response.messages()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "protocol_error" });
    body.end();
  });

  test("that is not an event stream is cancelled when messages are read", async () => {
    const { response, cancelled } = setUp();
    await expect(response.messages()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "protocol_error" });
    expect(cancelled.map(({ message }) => message)).toEqual([
      "expected an event stream from http://host.example/v1, got application/json; check base_url",
    ]);
  });

  test("has no messages after an abort", async () => {
    const { body, response, seen } = setUp(200, "text/event-stream");
    body.push(Buffer.from("data: 1\n\n"));
    const reason = new ModelError({ code: "aborted", message: "enough" });
    seen.cancellation.cancel(reason);
    await expect(response.messages()[Symbol.asyncIterator]().next()).rejects.toBe(reason);
  });

  test("that is truncated has no text, unless it is an error", async () => {
    const cut = (status: number) => {
      const { body, response } = setUp(status);
      const text = response.text();
      body.push(Buffer.from("half"));
      body.fail(new BodyCut(undefined), false);
      return text;
    };
    await expect(cut(200)).rejects.toMatchObject({ code: "connection_failed" });
    expect(await cut(500)).toBe("half");
  });

  test("of an error is read up to 64 KiB", async () => {
    const { body, response, cancelled } = setUp(500);
    const text = response.text();
    body.push(Buffer.alloc(LIMIT, "x"));
    expect(cancelled).toEqual([]);
    body.push(Buffer.from("y"));
    expect(cancelled).toHaveLength(1);
    expect(await text).toBe("x".repeat(LIMIT));
  });

  test("of more than 256 MiB is rejected", async () => {
    const { body, response, cancelled } = setUp();
    const text = response.text();
    body.bytes = 256 * 1024 * 1024 - 1;
    body.push(Buffer.from("x"));
    expect(cancelled).toEqual([]);
    body.push(Buffer.from("x"));
    await expect(text).rejects.toMatchObject({
      message: "The response from http://host.example/v1 is larger than 256 MiB.",
    });
  });

  test("of an error that is not JSON is the text of the SDK's error", async () => {
    const { body, response } = setUp(500);
    body.push(Buffer.from("<html>"));
    body.end();
    expect(await response.json()).toBe("<html>");
  });
});
