import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ModelError } from "../../src/core/error.ts";
import { Body } from "../../src/transport/body.ts";
import { ContentDecoder, contentEncoding } from "../../src/transport/decoder.ts";
import { BodyCut } from "../../src/transport/failure.ts";

test.each([
  [undefined, undefined],
  ["", undefined],
  [" Identity ", undefined],
  ["gzip", "gzip"],
  [" GZIP", "gzip"],
  ["x-gzip", "x-gzip"],
  ["br", "br"],
  ["deflate", "deflate"],
])("decodes the content-encoding %j as %j", (header, encoding) => {
  expect(contentEncoding(header)).toBe(encoding);
});

test.each(["zstd", "gzip, br", ["gzip", "br"]])(
  "rejects the content-encoding %j, which was not requested",
  (header) => {
    expect(() => contentEncoding(header)).toThrow(expect.objectContaining({ code: "protocol_error" }));
  },
);

const IDLE = { pause() {}, resume() {}, cancel() {} };

/** What comes of these bytes, and how it ends. */
function decoded(encoding: string, chunks: readonly Buffer[], paused = false) {
  const body = new Body(IDLE);
  const ended = Promise.withResolvers<"end" | ModelError | BodyCut>();
  const decoder = new ContentDecoder(encoding, body, () => ended.resolve("end"), ended.resolve);
  if (paused) decoder.pause();
  for (const chunk of chunks) decoder.write(chunk);
  decoder.end();
  return { decoder, body, ended: ended.promise, text: () => Buffer.concat(body.take()).toString() };
}

const TEXT = "words ".repeat(500);

describe("a compressed body", () => {
  test.each([
    ["gzip", gzipSync(TEXT)],
    ["br", brotliCompressSync(TEXT)],
    ["deflate", deflateSync(TEXT)],
    ["deflate", deflateRawSync(TEXT)],
  ])("in %s is decoded, in one piece and byte by byte", async (encoding, bytes) => {
    for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.from([byte]))]) {
      const { ended, text } = decoded(encoding, chunks);
      expect(await ended).toBe("end");
      expect(text()).toBe(TEXT);
    }
  });

  test.each(["gzip", "br", "deflate"])("without a byte ends (%s)", async (encoding) => {
    const { ended, text } = decoded(encoding, []);
    expect([await ended, text()]).toEqual(["end", ""]);
  });

  test("that ends too early is truncated, one that is damaged is a protocol_error", async () => {
    const whole = gzipSync(TEXT);
    expect(await decoded("gzip", [whole.subarray(0, -9)]).ended).toBeInstanceOf(BodyCut);
    expect(await decoded("gzip", [Buffer.from("no gzip at all")]).ended).toMatchObject({
      code: "protocol_error",
      message: "The body is not valid gzip.",
    });
  });

  test("is paused while not read, even before its first byte", async () => {
    const { decoder, body, ended } = decoded("gzip", [gzipSync(TEXT)], true);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(body.bytes).toBe(0);
    decoder.resume();
    expect(await ended).toBe("end");
    expect(body.bytes).toBe(TEXT.length);
  });

  test("that is destroyed emits nothing more", async () => {
    const { decoder, body } = decoded("gzip", [gzipSync(TEXT)], true);
    decoder.destroy();
    decoder.resume();
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(body.bytes).toBe(0);
  });
});
