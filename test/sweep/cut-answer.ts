import { type Recording, sse, type Tree } from "../harness/recording-files.ts";
import type { Wire } from "../harness/wires.ts";

/** How the end of a body is marked: by the end of the connection, by the last chunk, or by its length. */
export type Framing = "close" | "chunked" | "length";

/** The bytes of one answer on the wire, and what may be concluded from each prefix of them. */
export interface CutAnswer {
  readonly bytes: Buffer;
  /** Bytes of the head. */
  readonly headEnd: number;
  /** Bytes on the wire after which the answer may count as ended, and after which it must. */
  readonly mayEnd: number;
  readonly mustEnd: number;
}

/** A recorded stream with its terminal event marked. */
export function streamAnswer({ events = [], wire }: Recording, framing: Framing): CutAnswer {
  const done = sse([], wire);
  const texts = events.map((event) => Buffer.from(sse([event], wire).slice(0, -done.length || undefined)));
  const last = events.findIndex((event) => isTerminal(event, wire));
  const before = texts.slice(0, last).reduce((sum, text) => sum + text.length, 0);
  const whole = texts[last] as Buffer;
  const json = whole.toString().trimEnd();
  return framed([...texts, Buffer.from(done)], framing, "text/event-stream", [
    before + Buffer.byteLength(json),
    before + whole.length,
  ]);
}

/** A recorded body: nothing ends it but the last byte on the wire. */
export function bodyAnswer({ body }: Recording, framing: Framing): CutAnswer {
  const text = Buffer.from(JSON.stringify(body));
  const answer = framed([text], framing, "application/json", [text.length, text.length]);
  return { ...answer, mayEnd: answer.bytes.length, mustEnd: answer.bytes.length };
}

/** product.md, "Terminal events". */
function isTerminal(event: Tree, wire: Wire): boolean {
  const list = (event["choices"] ?? event["candidates"]) as readonly Tree[] | undefined;
  switch (wire) {
    case "openai":
      return typeof list?.[0]?.["finish_reason"] === "string";
    case "openai-responses":
      return /^response\.(?:completed|incomplete|failed)$/.test(String(event["type"]));
    case "anthropic":
      return event["type"] === "message_delta" && (event["delta"] as Tree)["stop_reason"] !== null;
    case "google":
      return typeof list?.[0]?.["finishReason"] === "string";
  }
}

function framed(pieces: readonly Buffer[], framing: Framing, type: string, ends: readonly [number, number]): CutAnswer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const head = Buffer.from(`${HEAD}content-type: ${type}\r\n${FRAME[framing](length)}\r\n`);
  const out: Buffer[] = [head];
  const places: number[] = [];
  let written = head.length;
  const write = (bytes: Buffer, isBody: boolean) => {
    for (let index = 1; isBody && index <= bytes.length; index++) places.push(written + index);
    out.push(bytes);
    written += bytes.length;
  };
  for (const piece of pieces.flatMap(halves)) {
    if (framing === "chunked") write(Buffer.from(`${piece.length.toString(16)}\r\n`), false);
    write(piece, true);
    if (framing === "chunked") write(Buffer.from("\r\n"), false);
  }
  if (framing === "chunked") write(Buffer.from("0\r\n\r\n"), false);
  const [mayEnd, mustEnd] = ends.map((end) => places[end - 1] as number) as [number, number];
  return { bytes: Buffer.concat(out), headEnd: head.length, mayEnd, mustEnd };
}

const HEAD = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
const FRAME: Readonly<Record<Framing, (length: number) => string>> = {
  close: () => "",
  chunked: () => "transfer-encoding: chunked\r\n",
  length: (length) => `content-length: ${length}\r\n`,
};

/** Chunks end in the middle of events too. */
function halves(piece: Buffer): readonly Buffer[] {
  const middle = piece.length >> 1;
  return middle === 0 ? [piece] : [piece.subarray(0, middle), piece.subarray(middle)];
}
