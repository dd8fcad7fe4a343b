import { connect } from "node:net";

/** What came back over one socket for one request, and how it ended. */
export interface RawExchange {
  readonly bytes: Buffer;
  /** Sizes as they arrived. */
  readonly segments: readonly number[];
  readonly ending: "end" | "reset";
}

/** Sends a request over a socket of its own and gathers everything until the server ends it. */
export function rawExchange(port: number, request = "GET / HTTP/1.1\r\nhost: x\r\n\r\n"): Promise<RawExchange> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    const done = (ending: RawExchange["ending"]) => {
      socket.destroy();
      resolve({ bytes: Buffer.concat(pieces), segments: pieces.map(({ length }) => length), ending });
    };
    socket.on("data", (bytes: Buffer) => pieces.push(bytes));
    socket.once("end", () => done("end"));
    socket.once("error", () => done("reset"));
  });
}

export function bodyOf({ bytes }: RawExchange): Buffer {
  return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
}

export function headOf({ bytes }: RawExchange): string {
  return bytes.subarray(0, bytes.indexOf("\r\n\r\n")).toString("latin1");
}
