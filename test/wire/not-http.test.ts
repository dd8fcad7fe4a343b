import net from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { listening } from "../harness/host.ts";
import { failureOf } from "../harness/outcomes.ts";
import { entryFor } from "../harness/recording-files.ts";
import { smallBody } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";

const HEAD = "HTTP/1.1 200 OK\r\n";
const SPOKEN: Readonly<Record<string, string | Uint8Array>> = {
  "the banner of an SSH server": "SSH-2.0-OpenSSH_9.6\r\n",
  "the error of another protocol": "-ERR unknown command 'POST'\r\n",
  "bytes of anything": Uint8Array.of(0, 1, 2, 255, 254, 13, 10),
  "an alert of TLS": Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70),
  "a frame of HTTP/2": Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100),
  "a header line without a colon": `${HEAD}no colon\r\n\r\n{}`,
  "a header with a NUL": `${HEAD}bad\0header: x\r\n\r\n{}`,
  "two lengths": `${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
  "a length that is not a number": `${HEAD}content-length: many\r\n\r\n{}`,
  "an endless header": `${HEAD}x: ${"a".repeat(200_000)}\r\n\r\n`,
};

/** A service that sends `bytes` to every client that writes to it, and counts these clients. */
async function speaking(bytes: string | Uint8Array): Promise<{ readonly origin: string; asked: number }> {
  const service = { origin: "", asked: 0 };
  const server = net.createServer((socket) => {
    socket
      .on("error", () => {})
      .once("data", () => {
        service.asked++;
        socket.write(bytes);
      });
  });
  service.origin = `http://127.0.0.1:${await listening(server)}`;
  return service;
}

describe("a service that is not HTTP", () => {
  test.each(Object.entries(SPOKEN))("is not retried: %s", async (_, bytes) => {
    const service = await speaking(bytes);
    const error = await failureOf(
      modelAt("openai", service.origin, 'num_retries = 3\nretry_min_wait = "1ms"').codegen("Hello"),
    );
    expect(error).toMatchObject({ code: "protocol_error", shouldRetry: false, retryable: false });
    expect(error.message).toContain(`The response from ${service.origin} is not valid HTTP`);
    expect(service.asked).toBe(1);
  });

  test.each(WIRES)("uses the fallback, for a body and a stream of the %s wire", async (wire) => {
    for (const streaming of [false, true]) {
      const service = await speaking("SSH-2.0-OpenSSH_9.6\r\n");
      const server = await serving(() => smallBody(wire));
      const entry = (name: string, origin: string, more = "") =>
        entryFor({ wire, provider: "some-host", model: "some-model" }, name, origin, more);
      const toml = entry("asked", service.origin, 'fallback_models = ["spare"]') + entry("spare", server.origin);
      const factory = ModelFactory.parse(toml, { env: {} });
      onTestFinished(() => factory.close());
      const model = factory.get("asked");
      const reply = await (streaming ? model.stream("Hello").reply : model.codegen("Hello"));
      expect([reply.text, service.asked]).toEqual(["fine", 1]);
    }
  });

  test("is reported the same way by a custom fetch", async () => {
    const service = await speaking("SSH-2.0-OpenSSH_9.6\r\n");
    const toml = entryFor({ wire: "openai", provider: "some-host", model: "some-model" }, "asked", service.origin);
    const factory = ModelFactory.parse(toml, { env: {}, transport: fetch });
    onTestFinished(() => factory.close());
    expect(await failureOf(factory.get("asked").codegen("Hello"))).toMatchObject({
      code: "protocol_error",
      shouldRetry: false,
    });
  });
});
