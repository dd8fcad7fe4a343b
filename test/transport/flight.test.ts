import type { Dispatcher } from "undici";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import type { Exchange } from "../../src/core/transport.ts";
import { addressOf } from "../../src/transport/address.ts";
import { Flight, type Outgoing } from "../../src/transport/flight.ts";
import type { Pools } from "../../src/transport/pools.ts";
import type { HttpResponse } from "../../src/transport/response.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { exchange } from "../harness/loopback.ts";

type Controller = Dispatcher.DispatchController;

/** A connection that notes what is asked of it. */
function controller() {
  const asked: string[] = [];
  const fake = {
    pause: () => asked.push("pause"),
    resume: () => asked.push("resume"),
    abort: (reason: Error) => asked.push(`abort: ${reason.message}`),
  };
  return { asked, fake: fake as unknown as Controller };
}

/** One request over connections that the test plays. */
function setUp(
  fields: Partial<Exchange> = {},
  onDispatch: (flight: Flight) => void = () => {},
  body: Outgoing["body"] = "{}",
) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const pools = {
    dispatch(_route: unknown, { path }: Dispatcher.DispatchOptions) {
      sent.push(path);
      onDispatch(flight);
    },
  } as unknown as Pools;
  const seen = exchange(fields);
  const outgoing: Outgoing = {
    address: addressOf(new URL("http://host.example/v1")),
    method: "POST",
    headers: [],
    body,
  };
  const settled = Promise.withResolvers<HttpResponse>();
  settled.promise.catch(() => {});
  const flight: Flight = new Flight(pools, clock, seen, outgoing, undefined, settled.resolve, settled.reject);
  return { clock, sent, seen, flight, response: settled.promise };
}

const aborted = (message = "enough") => new ModelError({ code: "aborted", message });
const reset = () => Object.assign(new Error("reset"), { code: "ECONNRESET" });

describe("before a response", () => {
  test("a request that cannot be dispatched fails, and leaves no timer", async () => {
    const { clock, flight, response } = setUp({}, () => {
      throw Object.assign(new Error("invalid header"), { code: "UND_ERR_INVALID_ARG" });
    });
    flight.start();
    await expect(response).rejects.toMatchObject({ code: "invalid_request" });
    expect(clock.pending).toBe(0);
  });

  test("a request on an idle connection has no connect timeout", () => {
    const { clock, flight } = setUp({}, (one) => one.onRequestStart(controller().fake));
    flight.start();
    expect(clock.pending).toBe(0);
    const waiting = setUp();
    waiting.flight.start();
    expect(waiting.clock.pending).toBe(1);
  });

  test("a connection after the timeout is closed with the reason, and nothing counts as sent", () => {
    const { flight, seen } = setUp();
    const { asked, fake } = controller();
    flight.start();
    flight.cancel(aborted());
    flight.onRequestStart(fake);
    expect([asked, seen.sent]).toEqual([["abort: enough"], false]);
  });

  test.each([
    [undefined, true],
    ["http://proxy.example:3128", false],
  ])("a failure on a reused connection is marked, but not through a proxy (%s)", async (proxy, reused) => {
    const { flight, response } = setUp({ proxy });
    const { fake } = controller();
    flight.start();
    flight.onRequestStart(fake);
    flight.onResponseError(fake, reset());
    await expect(response).rejects.toMatchObject({ code: "connection_failed", reusedSocket: reused });
  });

  test("a ModelError is passed on unchanged", async () => {
    const { flight, response } = setUp();
    flight.start();
    const reason = aborted();
    flight.onResponseError(undefined, reason);
    await expect(response).rejects.toBe(reason);
  });
});

/** A request whose answer has begun. */
async function answered(
  status = 200,
  headers: Record<string, string> = {},
  fields: Partial<Exchange> = {},
  body?: Outgoing["body"],
) {
  const made = setUp(fields, undefined, body);
  const connection = controller();
  made.flight.start();
  made.flight.onRequestStart(connection.fake);
  made.flight.onResponseStart(connection.fake, status, headers);
  return { ...made, connection };
}

describe("a response", () => {
  test("is read from its own connection only", async () => {
    const { flight, response, connection, seen } = await answered();
    const other = controller().fake;
    flight.onResponseStart(other, 500, {});
    flight.onResponseData(connection.fake, Buffer.from("mine"));
    flight.onResponseData(other, Buffer.from("other"));
    flight.onResponseEnd(other);
    flight.onResponseError(other, reset());
    flight.onResponseData(connection.fake, Buffer.from(" alone"));
    flight.onResponseEnd(connection.fake);
    expect(await (await response).text()).toBe("mine alone");
    expect(seen.response?.status).toBe(200);
  });

  test("with an informational status is ignored", async () => {
    const { flight, response, connection } = await answered(103);
    flight.onResponseStart(connection.fake, 200, {});
    expect((await response).status).toBe(200);
  });

  test("is final from status 400; 3xx is a redirect", async () => {
    expect((await (await answered(400)).response).status).toBe(400);
    expect((await (await answered(299)).response).status).toBe(299);
    for (const status of [300, 304, 399]) {
      const { response, connection } = await answered(status, { location: "/v2" });
      await expect(response).rejects.toMatchObject({ code: "protocol_error" });
      expect(connection.asked).toHaveLength(1);
    }
  });

  test.each([
    ["{}é", 4],
    [new Uint8Array(7), 7],
    [null, 0],
  ])("with status 413 has the size of the request: %j", async (body, bytes) => {
    expect((await answered(413, {}, {}, body)).seen.requestBytes).toBe(bytes);
    expect((await answered(400, {}, {}, body)).seen.requestBytes).toBeUndefined();
  });

  test("in an encoding that was not requested is rejected, and its connection closed", async () => {
    const { response, connection } = await answered(200, { "content-encoding": "zstd" });
    await expect(response).rejects.toMatchObject({ code: "protocol_error" });
    expect(connection.asked).toHaveLength(1);
  });

  test("leaves no listeners after its end", async () => {
    const { flight, response, connection, seen, clock } = await answered(200, {}, { streaming: true });
    flight.onResponseData(connection.fake, Buffer.from("wh"));
    await Promise.resolve();
    expect(clock.pending).toBe(1);
    flight.onResponseData(connection.fake, Buffer.from("ole"));
    flight.onResponseEnd(connection.fake);
    expect(clock.pending).toBe(0);
    flight.onResponseError(connection.fake, reset());
    flight.cancel(aborted());
    seen.cancellation.cancel(aborted());
    expect(await (await response).text()).toBe("whole");
    expect(connection.asked).toEqual([]);
  });

  test("that breaks keeps earlier bytes, one that is cancelled does not", async () => {
    const broken = await answered(500);
    broken.flight.onResponseData(broken.connection.fake, Buffer.from("half"));
    broken.flight.onResponseError(broken.connection.fake, reset());
    expect(await (await broken.response).text()).toBe("half");
    const cancelled = await answered(500);
    cancelled.flight.onResponseData(cancelled.connection.fake, Buffer.from("half"));
    const reason = aborted();
    cancelled.flight.cancel(reason);
    await expect((await cancelled.response).text()).rejects.toBe(reason);
    expect(cancelled.connection.asked).toEqual(["abort: enough"]);
  });

  test("that is silent ends after silence_timeout, but not while it is not read", async () => {
    const { flight, response, connection, clock } = await answered(200, {}, { streaming: true, silenceTimeoutMs: 100 });
    flight.onResponseData(connection.fake, Buffer.from("data: 1\n\n"));
    flight.pause();
    await clock.advance(1_000);
    flight.resume();
    expect(connection.asked).toEqual(["pause", "resume"]);
    await clock.advance(99);
    expect(connection.asked).toHaveLength(2);
    await clock.advance(1);
    expect(connection.asked[2]).toContain("sent nothing for 100 ms");
    await expect((await response).text()).rejects.toMatchObject({ code: "timed_out", phase: "silence" });
  });

  test("without streaming has a silence timeout from its first byte", async () => {
    const { flight, connection, clock } = await answered(200, {}, { silenceTimeoutMs: 100 });
    await clock.advance(1_000);
    flight.onResponseData(connection.fake, Buffer.from("a"));
    await clock.advance(99);
    expect(connection.asked).toEqual([]);
    await clock.advance(1);
    expect(connection.asked).toHaveLength(1);
  });

  test.each([
    [95, { code: "timed_out", phase: "silence" }],
    [94, { code: "connection_failed" }],
  ])("that breaks after %i of 100 ms of silence fails as %o", async (silentMs, failure) => {
    const { flight, response, connection, clock } = await answered(200, {}, { silenceTimeoutMs: 100 });
    flight.onResponseData(connection.fake, Buffer.from("a"));
    await clock.advance(silentMs);
    flight.onResponseError(connection.fake, reset());
    await expect((await response).text()).rejects.toMatchObject(failure);
  });

  test("that is an error and falls silent keeps its partial body", async () => {
    const { flight, response, connection, clock } = await answered(429, {}, { silenceTimeoutMs: 100 });
    flight.onResponseData(connection.fake, Buffer.from("slow down"));
    const text = (await response).text();
    await clock.advance(100);
    expect(await text).toBe("slow down");
  });
});

describe("a redirect within the origin", () => {
  test("closes the first connection and sends a new request, with its own connect timeout", async () => {
    const { flight, response, connection, sent, clock } = await answered(307, { location: "/v2?a=1" });
    expect([sent, connection.asked, clock.pending]).toEqual([["/v1", "/v2?a=1"], ["abort: redirected"], 1]);
    flight.onResponseError(connection.fake, new Error("redirected"));
    const second = controller();
    flight.onRequestStart(second.fake);
    flight.onResponseData(connection.fake, Buffer.from("old"));
    flight.onResponseStart(second.fake, 200, {});
    flight.onResponseData(second.fake, Buffer.from("new"));
    flight.onResponseEnd(second.fake);
    expect(await (await response).text()).toBe("new");
    expect((await response).url).toBe("http://host.example/v2?a=1");
  });
});
