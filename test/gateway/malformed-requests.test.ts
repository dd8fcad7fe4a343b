import { describe, expect, it } from "vitest";
import { WIRES, type Wire } from "../harness/wires.ts";
import { ERROR_SHAPE, PATHS, parsed, rawClient } from "./raw-client.ts";
import { CHAT, chatBody, world } from "./world.ts";

/** A second request in the bytes of the first one. */
const SMUGGLED = `POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`;

/** What follows the request line and the Host header. */
const REQUESTS: Readonly<Record<string, readonly [rest: string, status?: number]>> = {
  "a length and a transfer encoding": [`content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  "a transfer encoding and a length": [`transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  "two lengths": [`content-length: 2\r\ncontent-length: 60\r\n\r\n{}${SMUGGLED}`],
  "a list of lengths": [`content-length: 2, 60\r\n\r\n{}${SMUGGLED}`],
  "a length with a sign": [`content-length: +2\r\n\r\n{}${SMUGGLED}`],
  "a length of many digits": [`content-length: 99999999999999999999\r\n\r\n{}${SMUGGLED}`],
  "an unknown transfer encoding": [`transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  "chunked in the middle": [`transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  "a folded header": [`x-one: 1\r\n content-length: 60\r\ncontent-length: 2\r\n\r\n{}${SMUGGLED}`],
  "white space before a colon": [`content-length : 60\r\n\r\n{}${SMUGGLED}`],
  "a bare line feed": [`x-one: 1\ncontent-length: 2\r\n\r\n{}${SMUGGLED}`],
  "NUL in a header": [`x-one: \0\r\ncontent-length: 2\r\n\r\n{}${SMUGGLED}`],
  "a chunk without a size": [`transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
  "a chunk of a huge size": [`transfer-encoding: chunked\r\n\r\nfffffffffffffffff1\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
  "a chunk that is longer than its size": [`transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
  "a second host": [`host: evil.example\r\ncontent-length: 2\r\n\r\n{}${SMUGGLED}`],
  "headers of 20 kB": [`x-long: ${"x".repeat(20_000)}\r\ncontent-length: 2\r\n\r\n{}`, 431],
  "three thousand headers": [`${"x-many: 12345\r\n".repeat(3_000)}content-length: 2\r\n\r\n{}`, 431],
  "an unknown expectation": [`expect: wonders\r\ncontent-length: 2\r\n\r\n{}`, 417],
};

describe("a malformed request", () => {
  it.each(Object.entries(REQUESTS))(
    "with %s is refused in the words of its wire, and the connection is closed",
    async (_, [rest, status = 400]) => {
      const { url, simulator, log } = await world();
      for (const wire of WIRES) {
        const client = rawClient(url);
        client.write(`POST ${PATHS[wire]} HTTP/1.1\r\nhost: localhost\r\n${rest}`);
        const text = await client.ended();
        expect(text.match(/HTTP\/1\.1 /g), text).toHaveLength(1);
        const response = parsed(text);
        expect([response.status, response.body], wire).toMatchObject([status, ERROR_SHAPE[wire]]);
      }
      expect([simulator.requests, log.filter((line) => line.status !== 400 && line.left !== true)]).toEqual([[], []]);
    },
  );

  const LINES: Readonly<Record<string, string>> = {
    "no host": `POST PATH HTTP/1.1\r\ncontent-length: 0\r\n\r\n`,
    "an invalid host": `POST PATH HTTP/1.1\r\nhost: a b/c@d\r\ncontent-length: 0\r\n\r\n`,
    "an unknown version": `POST PATH HTTP/9.9\r\nhost: localhost\r\n\r\n`,
    "a path with white space": `POST PATH x HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    "a path with a backslash": `POST PATH\\x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`,
  };

  it.each(Object.entries(LINES))("with %s is refused in the words of its wire", async (_, line) => {
    const { url } = await world();
    for (const wire of WIRES) {
      const client = rawClient(url);
      client.write(line.replace("PATH", PATHS[wire]));
      const response = parsed(await client.ended());
      expect([response.status, response.body], wire).toMatchObject([400, ERROR_SHAPE[wire]]);
    }
  });

  it("that is not HTTP at all is answered and cut", async () => {
    const { url } = await world();
    for (const bytes of [
      "\x16\x03\x01\x02\x00\x01\x00\x01",
      "\r\n\r\nhello\r\n\r\n",
      "*",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]) {
      const client = rawClient(url);
      client.write(Buffer.from(`${bytes}\r\n\r\n`, "latin1"));
      const response = parsed(await client.ended());
      expect([response.status, response.body], bytes).toMatchObject([400, ERROR_SHAPE.openai]);
    }
  });

  it("with two different keys in one or several headers is not served", async () => {
    const key = "mw-ann-0123456789ab";
    const { url, simulator } = await world({ toml: `[gateway.keys.ann]\nkey = "${key}"\n` });
    const body = JSON.stringify(chatBody("openai"));
    const statusOf = async (...headers: readonly string[]) => {
      const client = rawClient(url);
      const lines = [...headers, `content-length: ${body.length}`, "connection: close"].join("\r\n");
      client.write(`POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\n${lines}\r\n\r\n${body}`);
      return parsed(await client.ended()).status;
    };
    expect(await statusOf(`authorization: Bearer ${key}`)).toBe(200);
    expect(await statusOf(`authorization: Bearer ${key}`, "authorization: Bearer other")).toBe(401);
    expect(await statusOf("authorization: Bearer other", `authorization: Bearer ${key}`)).toBe(401);
    expect(await statusOf(`x-api-key: ${key}`, "x-api-key: other")).toBe(401);
    expect(await statusOf(`x-api-key: ${key}`, "api-key: other")).toBe(401);
    expect(simulator.requests).toHaveLength(1);
  });
});

describe("a body that is too large", () => {
  it.each(WIRES)("is refused by %s before it was read", async (wire: Wire) => {
    const { url, simulator } = await world({ toml: '[gateway]\nmax_body = "1MiB"\n' });
    const declared = rawClient(url);
    declared.write(`POST ${PATHS[wire]} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n{`);
    const endless = rawClient(url);
    endless.write(`POST ${PATHS[wire]} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n`);
    const chunk = `${(64 * 1024).toString(16)}\r\n${" ".repeat(64 * 1024)}\r\n`;
    for (let count = 0; count < 32; count++) endless.write(chunk);
    for (const client of [declared, endless]) {
      const { status, body } = parsed(await client.ended());
      expect([status, body]).toMatchObject([413, ERROR_SHAPE[wire]]);
    }
    expect(simulator.requests).toEqual([]);
  });
});
