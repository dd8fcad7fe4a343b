import { execFile } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { listen } from "../transport/loopback.ts";
import { sse } from "../wire/recording-files.ts";
import { SMALL_STREAM, WIRES } from "../wire/small-answers.ts";

const MEGABYTE = 1024 * 1024;
const PUSHED_BYTES = 200 * MEGABYTE;
const READER = join(import.meta.dirname, "processes/slow-reader.ts");

test.each(WIRES)(
  "%s: a slow reader of 200 MB holds bounded memory, and the server has to wait",
  async (wire) => {
    const { open, end } = SMALL_STREAM[wire];
    // The text delta again and again, each of 4 KB.
    const word = sse(open.slice(-1), wire)
      .replace("data: [DONE]\n\n", "")
      .replace('"fine"', JSON.stringify(`${"word ".repeat(800)}.`));
    let written = 0;
    const push = (socket: Socket) => {
      while (written < PUSHED_BYTES && socket.writable) {
        written += word.length;
        if (!socket.write(varied(word, written))) return void socket.once("drain", () => push(socket));
      }
      socket.end(sse(end, wire));
    };
    const server = await listen(
      createServer((socket) => {
        socket.once("data", () => {
          socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
          socket.write(sse(open, wire).replace("data: [DONE]\n\n", ""));
          push(socket);
        });
      }),
    );
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", READER, wire, server.origin]);
    const { grownBytes, deltas, characters } = JSON.parse(stdout) as Record<string, number>;
    expect(deltas).toBeGreaterThan(70);
    expect(grownBytes).toBeLessThan(16 * MEGABYTE);
    // What was written is what was read and what the buffers of two sockets hold: the window is closed.
    expect(written).toBeLessThan((characters ?? 0) + 16 * MEGABYTE);
  },
  60_000,
);

/** No delta is like the one before: a loop guard would end the answer. */
function varied(event: string, count: number): string {
  return event.replace("word .", `word ${count}.`);
}
