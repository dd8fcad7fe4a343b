import { describe, expect, test } from "vitest";
import { isModelError, type ModelEvent } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { smallBody, smallStream, unfinishedStream } from "../harness/small-answers.ts";
import { within } from "../harness/stopwatch.ts";
import type { Said } from "../harness/wire-server.ts";
import { WIRES } from "../harness/wires.ts";

/** The server must see its socket closed within this time after an abort. */
const CLOSED_MS = 100;

for (const wire of WIRES) {
  /** Text followed by silence on an open socket. */
  const stalled: Said = { ...unfinishedStream(wire), stall: true };

  describe(`aborting on the ${wire} wire`, () => {
    for (const way of ["codegen", "stream"] as const) {
      test(`before the request: nothing is sent (${way})`, async () => {
        const server = await serving(() => smallBody(wire));
        const options = { signal: AbortSignal.abort() };
        const model = modelAt(wire, server.origin);
        const error = await failureOf(
          way === "codegen" ? model.codegen("Hello", options) : model.stream("Hello", options).reply,
        );
        expect(error.code).toBe("aborted");
        expect(error.attempts).toHaveLength(0);
        expect(server.requests).toHaveLength(0);
      });

      test(`while the headers are awaited: the socket closes (${way})`, async () => {
        const abort = new AbortController();
        const server = await serving(() => {
          setImmediate(() => abort.abort());
          return undefined;
        });
        const options = { signal: abort.signal };
        const model = modelAt(wire, server.origin);
        const error = await failureOf(
          way === "codegen" ? model.codegen("Hello", options) : model.stream("Hello", options).reply,
        );
        await within(CLOSED_MS, server.allClosed());
        expect(error.code).toBe("aborted");
        expect(error.attempts).toMatchObject([{ outcome: "aborted", possiblyBilled: true }]);
        expect(server.requests).toHaveLength(1);
      });
    }

    test("during a body: the socket closes", async () => {
      const abort = new AbortController();
      const half = smallBody(wire).body.slice(0, 40);
      const server = await serving(() => {
        setTimeout(() => abort.abort(), 20);
        return { body: half, pieceBytes: 10, stall: true, headers: { "content-type": "application/json" } };
      });
      const error = await failureOf(modelAt(wire, server.origin).codegen("Hello", { signal: abort.signal }));
      await within(CLOSED_MS, server.allClosed());
      expect(error.code).toBe("aborted");
    });

    test("during a stream: the socket closes, and the error has the partial", async () => {
      const abort = new AbortController();
      const server = await serving(() => stalled);
      const stream = modelAt(wire, server.origin).stream("Hello", { signal: abort.signal });
      const seen: ModelEvent["type"][] = [];
      const reading = (async () => {
        for await (const event of stream) {
          seen.push(event.type);
          if (event.type === "text-delta") abort.abort();
        }
      })();
      const error = await failureOf(reading);
      await within(CLOSED_MS, server.allClosed());
      expect(error.code).toBe("aborted");
      expect(error.partial?.text).toBe("fine");
      expect(seen.filter((type) => type === "finish")).toHaveLength(0);
      expect(await failureOf(stream.reply)).toBe(error);
      expect(error.attempts).toMatchObject([{ outcome: "aborted", possiblyBilled: true }]);
    });

    test("during codegen over the streaming wire: the error has the partial", async () => {
      const abort = new AbortController();
      const server = await serving(() => {
        setTimeout(() => abort.abort(), 50);
        return stalled;
      });
      const error = await failureOf(
        modelAt(wire, server.origin).codegen("Hello", { signal: abort.signal, stream: true }),
      );
      await within(CLOSED_MS, server.allClosed());
      expect(error.code).toBe("aborted");
      expect(error.partial?.text).toBe("fine");
    });

    test("during the wait before a retry: the call ends at once, without another request", async () => {
      const abort = new AbortController();
      const server = await serving(() => {
        setTimeout(() => abort.abort(), 20);
        return { status: 429, headers: { "retry-after": "5" }, body: "{}" };
      });
      const asked = modelAt(wire, server.origin, "num_retries = 3").codegen("Hello", { signal: abort.signal });
      await within(
        1_000,
        asked.catch(() => {}),
      );
      expect((await failureOf(asked)).code).toBe("aborted");
      expect(server.requests).toHaveLength(1);
    });

    test("leaving the loop closes the socket", async () => {
      const server = await serving(() => stalled);
      const stream = modelAt(wire, server.origin).stream("Hello");
      for await (const event of stream) if (event.type === "text-delta") break;
      await within(CLOSED_MS, server.allClosed());
      const error = await failureOf(stream.reply);
      expect(error.code).toBe("aborted");
      expect(error.partial?.text).toBe("fine");
    });

    test("leaving the loop over the text closes the socket", async () => {
      const server = await serving(() => stalled);
      for await (const text of modelAt(wire, server.origin).stream("Hello").text) if (text !== "") break;
      await within(CLOSED_MS, server.allClosed());
      expect(server.requests).toHaveLength(1);
    });

    test("after the end: no effect", async () => {
      const abort = new AbortController();
      const server = await serving(() => smallStream(wire));
      const reply = await modelAt(wire, server.origin).stream("Hello", { signal: abort.signal }).reply;
      abort.abort();
      expect(reply.text).toBe("fine");
      expect(isModelError(reply)).toBe(false);
    });

    test("a stream with a broken socket is truncated, with the partial", async () => {
      const server = await serving(() => ({ ...unfinishedStream(wire), cut: true }));
      const error = await failureOf(modelAt(wire, server.origin).stream("Hello").reply);
      expect(error.code).toBe("stream_truncated");
      expect(error.partial?.text).toBe("fine");
    });

    test("a stream that ends cleanly before the end of an answer is truncated too", async () => {
      const server = await serving(() => unfinishedStream(wire));
      const error = await failureOf(modelAt(wire, server.origin).stream("Hello").reply);
      expect(error.code).toBe("stream_truncated");
      expect(error.partial?.text).toBe("fine");
    });
  });
}
