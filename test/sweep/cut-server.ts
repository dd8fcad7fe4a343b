import type net from "node:net";
import { wireServer } from "../harness/wire-server.ts";
import type { CutAnswer } from "./cut-answer.ts";

/** What the server does after the last byte it sends: closes, resets, or nothing. */
export type Cut = "fin" | "reset" | "stall";

export interface CutServer {
  readonly origin: string;
  /** Requests by the number of bytes that answered them. */
  readonly asked: ReadonlyMap<number, number>;
  /** Connections that are still open. */
  readonly open: number;
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** A server that answers a prompt of "after n" with the first n bytes. */
export async function cutServer({ bytes }: CutAnswer, cut: Cut): Promise<CutServer> {
  const asked = new Map<number, number>();
  const server = await wireServer(({ body, socket }) => {
    const count = Number(/after (\d+)/.exec(body)?.[1]);
    asked.set(count, (asked.get(count) ?? 0) + 1);
    CUTS[cut](socket, bytes.subarray(0, count));
    return undefined;
  });
  return {
    origin: server.origin,
    asked,
    get open() {
      return server.sockets.size;
    },
    allClosed: () => server.allClosed(),
    close: () => server.close(),
  };
}

const CUTS: Readonly<Record<Cut, (socket: net.Socket, bytes: Buffer) => void>> = {
  fin: (socket, bytes) => void socket.end(bytes),
  reset: (socket, bytes) => void socket.write(bytes, () => socket.resetAndDestroy()),
  stall: (socket, bytes) => void socket.write(bytes),
};
