import net from "node:net";

/** One request as received. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Request line and headers, byte for byte. */
  readonly head: string;
  readonly body: string;
  /** The connection it was received on. */
  readonly socket: net.Socket;
}

/**
 * What the server sends. A body without `pieceBytes` has a content-length; otherwise it is sent in chunks of that size.
 */
export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly pieceBytes?: number;
  /** Nothing is sent after the body: no last chunk, no end; the socket stays open. */
  readonly stall?: boolean;
  /** The socket is destroyed after the body, without a last chunk. */
  readonly cut?: boolean;
}

/** A server on loopback that sends exact bytes. */
export interface WireServer {
  readonly origin: string;
  readonly requests: SeenRequest[];
  readonly sockets: ReadonlySet<net.Socket>;
  /** Number of connections opened so far. */
  readonly opened: number;
  /** Resolves when no connection is open. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** `answer` returns what to send; `undefined` sends nothing and keeps the socket open. */
export async function wireServer(
  answer: (request: SeenRequest, index: number) => Said | undefined | Promise<Said | undefined>,
): Promise<WireServer> {
  const sockets = new Set<net.Socket>();
  const requests: SeenRequest[] = [];
  let opened = 0;
  const server = net.createServer((socket) => {
    opened += 1;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    readRequests(socket, async (request) => {
      requests.push(request);
      const said = await answer(request, requests.length - 1);
      if (said !== undefined && !socket.destroyed) say(socket, said);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    requests,
    sockets,
    get opened() {
      return opened;
    },
    async allClosed() {
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readRequests(socket: net.Socket, onRequest: (request: SeenRequest) => void): void {
  let pending: Buffer[] = [];
  let missing = 0;
  socket.on("data", (chunk) => {
    pending.push(chunk);
    missing -= chunk.length;
    if (missing > 0) return;
    const whole = Buffer.concat(pending);
    pending = [whole];
    const headEnd = whole.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const head = whole.subarray(0, headEnd).toString("latin1");
    const [first = "", ...lines] = head.split("\r\n");
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = Number(headers["content-length"] ?? 0);
    missing = headEnd + 4 + length - whole.length;
    if (missing > 0) return;
    pending = [];
    missing = 0;
    const [method = "", path = ""] = first.split(" ");
    onRequest({
      method,
      path,
      headers,
      head,
      body: whole.subarray(headEnd + 4, headEnd + 4 + length).toString("utf8"),
      socket,
    });
  });
}

function say(
  socket: net.Socket,
  { status = 200, headers = {}, body, pieceBytes, stall = false, cut = false }: Said,
): void {
  const chunked = pieceBytes !== undefined;
  const bytes = Buffer.from(body);
  const all: Record<string, string> = {
    "content-type": chunked ? "text/event-stream" : "application/json",
    ...headers,
    ...(chunked ? { "transfer-encoding": "chunked" } : { "content-length": String(bytes.length) }),
  };
  const head = Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  socket.write(`HTTP/1.1 ${status} Said\r\n${head}\r\n`);
  if (!chunked) socket.write(bytes);
  else for (const block of inPieces(bytes, pieceBytes)) socket.write(block);
  if (cut) socket.end();
  else if (chunked && !stall) socket.write("0\r\n\r\n");
}

/** HTTP chunks of `pieceBytes`, so that the reader gets chunks of that size however TCP splits them. */
function* inPieces(bytes: Buffer, pieceBytes: number): Generator<Buffer> {
  const perWrite = Math.max(1, Math.floor(32_768 / pieceBytes));
  let block: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    block.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF);
    if (block.length < perWrite * 3) continue;
    yield Buffer.concat(block);
    block = [];
  }
  if (block.length > 0) yield Buffer.concat(block);
}

const CRLF = Buffer.from("\r\n");
