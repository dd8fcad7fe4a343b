import { describe, expect, test } from "vitest";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { smallBody } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";

const QUICK = 'num_retries = 3\nretry_min_wait = "1ms"';

describe.each(WIRES)("a body with status 200 over the %s wire", (wire) => {
  const answer = smallBody(wire).body as string;

  describe.each([false, true])("streaming: %s", (streaming) => {
    async function failing(said: { readonly body: string; readonly headers?: Record<string, string> }) {
      const server = await serving(() => said);
      const model = modelAt(wire, server.origin, QUICK);
      const error = await failureOf(streaming ? model.stream("Hello").reply : model.codegen("Hello"));
      return { error, requests: server.requests.length };
    }

    test.each(["{{{not json", "{not json", '{"a": nonsense', '{"a":1,}', "[oops", '{"a" 1'])(
      "that is complete but not JSON is protocol_error, retried once: %s",
      async (body) => {
        const { error, requests } = await failing({ body });
        expect(error).toMatchObject({ code: "protocol_error" });
        expect(error.message).toContain("expected JSON from");
        expect(requests).toBe(2);
      },
    );

    test("with truncated JSON and a correct length is connection_failed, retried", async () => {
      const { error, requests } = await failing({ body: answer.slice(0, answer.length / 2) });
      expect(error).toMatchObject({ code: "connection_failed" });
      expect(error.message).toContain("response was truncated");
      expect(requests).toBe(4);
    });
  });

  test.each([
    ["content-length", "content-length: 999\r\n\r\n", (text: string) => text],
    ["chunked", "transfer-encoding: chunked\r\n\r\n", (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`],
  ])("that ends before its announced length (%s) is connection_failed", async (_, head, framed) => {
    for (const body of [answer, "{{{not json"]) {
      const server = await serving(({ socket }) => {
        socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}${framed(body)}`);
        return undefined;
      });
      const error = await failureOf(modelAt(wire, server.origin, QUICK).codegen("Hello"));
      expect(error).toMatchObject({ code: "connection_failed" });
      expect(server.requests.length).toBe(4);
    }
  });
});
