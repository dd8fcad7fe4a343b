import { connect, createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";

/** A loopback port that never answers a request. */
export interface Unreachable {
  readonly port: number;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/** A port without a listener that no other process can bind, because it is the local end of an open connection. */
export async function refusingPort(): Promise<Unreachable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const holder = await connected(address.port);
  return {
    port: holder.localPort ?? 0,
    async close() {
      holder.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A listener that never accepts, because its thread sleeps. */
const SLEEPER = `
const { createServer } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const server = createServer();
server.listen({ port: 0, host: "${HOST}", backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(workerData, 0, 0);
});`;
/** If a connection is not established within this time, the queue is full. */
const FULL_AFTER_MS = 150;

/** A port with a full connection queue: further attempts get no response, as if every packet were lost. */
export async function blackHolePort(): Promise<Unreachable> {
  const awake = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(SLEEPER, { eval: true, workerData: awake });
  worker.unref();
  const port = await new Promise<number>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  const fillers = await fillQueue(port);
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy();
      Atomics.store(awake, 0, 1);
      Atomics.notify(awake, 0);
      await worker.terminate();
    },
  };
}

async function fillQueue(port: number): Promise<readonly Socket[]> {
  const fillers: Socket[] = [];
  for (let full = false; !full; ) {
    const filler = connect(port, HOST).on("error", () => {});
    filler.unref();
    fillers.push(filler);
    full = await Promise.race([
      new Promise<false>((resolve) => filler.once("connect", () => resolve(false))),
      setTimeout(FULL_AFTER_MS, true as const),
    ]);
  }
  return fillers;
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, HOST).on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}
