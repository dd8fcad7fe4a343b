import { execFile } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { listen } from "../harness/loopback.ts";
import { sse } from "../harness/recording-files.ts";
import { SMALL_STREAM } from "../harness/small-answers.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const MEGABYTE = 1024 * 1024;
const PUSHED_BYTES = 200 * MEGABYTE;
const READER = join(import.meta.dirname, "processes/slow-reader.ts");

interface Read {
  readonly grownBytes: number;
  readonly deltas: number;
  readonly characters: number;
}

test("a slow reader of 200 MB uses bounded memory on every wire, and the server waits", async () => {
  const readers = await Promise.all(WIRES.map(readSlowly));
  for (const { wire, read, written } of readers) {
    expect(read.deltas, wire).toBeGreaterThan(70);
    expect(read.grownBytes, wire).toBeLessThan(16 * MEGABYTE);
    // What was written is what was read and what the buffers of two sockets hold: the window is closed.
    expect(written, wire).toBeLessThan(read.characters + 16 * MEGABYTE);
  }
}, 60_000);

async function readSlowly(wire: Wire): Promise<{ wire: Wire; read: Read; written: number }> {
  const pushed = { bytes: 0 };
  const server = await listen(
    createServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
        socket.write(unended(wire));
        push(socket, wire, pushed);
      });
    }),
  );
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", READER, wire, server.origin]);
  return { wire, read: JSON.parse(stdout), written: pushed.bytes };
}

function unended(wire: Wire, events = SMALL_STREAM[wire].open): string {
  return sse(events, wire).replace("data: [DONE]\n\n", "");
}

/** Text deltas of 4 KB as fast as the socket takes them. No two are alike: a loop guard would end the answer. */
function push(socket: Socket, wire: Wire, pushed: { bytes: number }): void {
  const { open, end } = SMALL_STREAM[wire];
  const delta = unended(wire, open.slice(-1)).replace('"fine"', JSON.stringify(`${"word ".repeat(800)}.`));
  while (pushed.bytes < PUSHED_BYTES && socket.writable) {
    pushed.bytes += delta.length;
    const event = delta.replace("word .", `word ${pushed.bytes}.`);
    if (!socket.write(event)) return void socket.once("drain", () => push(socket, wire, pushed));
  }
  socket.end(sse(end, wire));
}
