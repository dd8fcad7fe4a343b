import { describe, expect, it } from "vitest";
import { FakeClock } from "../harness/fake-clock.ts";
import { WIRES } from "../harness/wires.ts";
import { ERROR_SHAPE, eventually, PATHS, parsed, rawClient } from "./raw-client.ts";
import { CHAT, chatBody, type World, world } from "./world.ts";

/*
 * The server reads a request with a length itself, and leaves one in chunks to the adapter. Both are answered by the same code.
 */

const TEXT = "Ærlig talt 😀 – ja.";
const SCRIPT = { simulator: { script: [{ answer: { text: TEXT }, times: Number.POSITIVE_INFINITY }] } };

function head(path: string, lines: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${lines}\r\n\r\n`;
}

/** The whole response to a request with a length, and to the same one in chunks. */
async function bothWays({ url }: World, body: object): Promise<readonly string[]> {
  const text = JSON.stringify(body);
  const requests = [
    head(CHAT, `connection: close\r\ncontent-length: ${text.length}`) + text,
    `${head(CHAT, "connection: close\r\ntransfer-encoding: chunked")}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  ];
  return Promise.all(
    requests.map((request) => {
      const client = rawClient(url);
      client.write(request);
      return client.ended();
    }),
  );
}

/** Without what is new in each response: a length depends on the digits of a duration. */
const stable = (text: string) =>
  text.replaceAll(
    /\b(?:chatcmpl-|req_)?[0-9a-z]{26}\b|"created":\d+|"durationMs":[\d.]+|reset-\w+: \d+ms|^(?:date|content-length): .*$/gim,
    "…",
  );

const eventsIn = (response: string) =>
  Buffer.from(response.split("\r\n\r\n").slice(1).join("\r\n\r\n"), "latin1")
    .toString()
    .replaceAll(/(?:^|\r\n)[\da-f]+\r\n(?:\r\n)?/g, "");

describe("a request with a length", () => {
  it("gets the body and the headers of one in chunks", async () => {
    const [plain = "", chunked = ""] = await bothWays(await world(SCRIPT), chatBody("anthropic"));
    const lines = (response: string) => stable(response).split("\r\n").sort();
    expect(lines(plain)).toEqual(lines(chunked));
    const [, length] = /^content-length: (\d+)$/im.exec(plain) ?? [];
    expect(Number(length)).toBe(plain.split("\r\n\r\n")[1]?.length);
    expect(Buffer.from(plain, "latin1").toString()).toContain(TEXT);
  });

  it("gets the stream of one in chunks", async () => {
    const [plain = "", chunked = ""] = await bothWays(await world(SCRIPT), chatBody("anthropic", { stream: true }));
    expect(stable(eventsIn(plain))).toBe(stable(eventsIn(chunked)));
    expect(eventsIn(plain)).toContain("😀");
    expect(plain.endsWith("\r\n0\r\n\r\n")).toBe(true);
  });

  it("is answered in its turn on a connection with several", async () => {
    const { url, log } = await world(SCRIPT);
    const client = rawClient(url);
    const ask = (user: string, last = false) => {
      const text = JSON.stringify(chatBody("anthropic", { stream: true, user }));
      return head(CHAT, `${last ? "connection: close\r\n" : ""}content-length: ${text.length}`) + text;
    };
    client.write(ask("one") + ask("two") + ask("three", true));
    const responses = (await client.ended()).split("HTTP/1.1 200 OK").slice(1);
    expect(responses.map((response) => response.endsWith("data: [DONE]\n\n\r\n0\r\n\r\n"))).toEqual([true, true, true]);
    expect(log.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it.each(WIRES)("is refused by %s in words for a host that is a wrong number", async (wire) => {
    const { url } = await world();
    const client = rawClient(url);
    client.write(`POST ${PATHS[wire]} HTTP/1.1\r\nhost: 1.2.3.999\r\ncontent-length: 2\r\n\r\n{}`);
    const { status, body } = parsed(await client.ended());
    expect([status, body]).toMatchObject([400, ERROR_SHAPE[wire]]);
  });

  it("that is refused does not keep the connection if its body never comes", async () => {
    const { url } = await world({ toml: '[gateway.keys.ann]\nkey = "mw-ann-0123456789ab"\n' });
    const client = rawClient(url);
    client.write(head(CHAT, "content-length: 5000"));
    expect(parsed(await client.ended())).toMatchObject({ status: 401, body: ERROR_SHAPE.openai });
  });
});

describe("the fetch handler", () => {
  const ask = (signal?: AbortSignal) =>
    new Request(`http://localhost${CHAT}`, {
      method: "POST",
      body: JSON.stringify(chatBody("anthropic", { stream: true })),
      ...(signal && { signal }),
    });

  it("streams the same answer", async () => {
    const made = await world(SCRIPT);
    const text = await (await made.gateway.fetch(ask())).text();
    const [plain = ""] = await bothWays(made, chatBody("anthropic", { stream: true }));
    expect(stable(text)).toBe(stable(eventsIn(plain)));
  });

  it("ends the call of a reader that leaves, or reads nothing for 30 s", async () => {
    const clock = new FakeClock();
    const stalled = { stall: { afterEvents: 4 }, times: 2 };
    const { gateway, log, simulator } = await world({ clock, factory: { clock }, simulator: { script: [stalled] } });
    const left = (await gateway.fetch(ask())).body?.getReader();
    await left?.read();
    await left?.cancel();
    expect(log).toMatchObject([{ left: true, code: "aborted" }]);
    const slow = (await gateway.fetch(ask())).body?.getReader();
    await slow?.read();
    await clock.advance(31_000);
    await eventually(() => log.length === 2 && simulator.requests.every((one) => one.closedByPeerMs !== undefined));
    expect(log[1]).toMatchObject({ left: true, code: "aborted" });
    await expect(slow?.read()).rejects.toThrow("too slowly");
  });
});
