/** One raw HTTP/1.1 request. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly bytes: number;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

/** Parses requests from the bytes of a connection. */
export class RequestReader {
  #pieces: Buffer[] = [];
  #length = 0;
  #wanted = 0;

  read(bytes: Buffer): readonly RawRequest[] {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    // A long body is joined once, not for each chunk.
    if (this.#length < this.#wanted) return [];
    return this.#complete();
  }

  /** Bytes that do not belong to a complete request. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#pieces);
    this.#keep(Buffer.alloc(0));
    return rest;
  }

  #complete(): readonly RawRequest[] {
    const found: RawRequest[] = [];
    let left = Buffer.concat(this.#pieces);
    for (;;) {
      const request = requestIn(left);
      if (typeof request === "number") {
        this.#wanted = request;
        break;
      }
      found.push(request);
      left = left.subarray(request.bytes);
      if (request.method === "CONNECT") break;
    }
    this.#keep(left);
    return found;
  }

  #keep(left: Buffer): void {
    this.#pieces = [left];
    this.#length = left.length;
  }
}

/** The first request, or the minimum number of bytes needed for it. */
function requestIn(bytes: Buffer): RawRequest | number {
  const headLength = bytes.indexOf(HEAD_END);
  if (headLength < 0) return 0;
  const [first = "", ...lines] = bytes.subarray(0, headLength).toString("latin1").split("\r\n");
  const headers = headersOf(lines);
  const start = headLength + HEAD_END.length;
  const body = headers["transfer-encoding"]?.includes("chunked")
    ? chunkedBody(bytes, start)
    : plainBody(bytes, start, Number(headers["content-length"] ?? 0));
  if (typeof body === "number") return body;
  const [method = "", target = ""] = first.split(" ");
  return { method, target, headers, body: body.content, bytes: body.end };
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}

interface Body {
  readonly content: Buffer;
  readonly end: number;
}

function plainBody(bytes: Buffer, start: number, length: number): Body | number {
  const end = start + length;
  return bytes.length < end ? end : { content: bytes.subarray(start, end), end };
}

function chunkedBody(bytes: Buffer, start: number): Body | number {
  const chunks: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return 0;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    const next = lineEnd + LINE_END.length + size + LINE_END.length;
    if (bytes.length < next) return next;
    if (size === 0) return { content: Buffer.concat(chunks), end: next };
    chunks.push(bytes.subarray(lineEnd + LINE_END.length, next - LINE_END.length));
    at = next;
  }
}
