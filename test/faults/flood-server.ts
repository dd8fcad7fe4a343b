// A provider in a thread of its own, so that what it costs is not the reader's: 100 000 small events in one write.
import { createServer } from "node:net";
import { parentPort } from "node:worker_threads";

const EVENT = `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content: "x" } }] })}\n\n`;
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const ANSWER = Buffer.from(`${HEAD}${EVENT.repeat(100_000)}data: [DONE]\n\n`);

const server = createServer((socket) => {
  socket.once("data", () => socket.end(ANSWER));
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => parentPort?.postMessage(server.address()));
