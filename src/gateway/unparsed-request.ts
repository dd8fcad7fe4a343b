import type { ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { newCallId } from "../core/call-id.ts";
import { systemClock } from "../core/clock.ts";
import type { Problem } from "../dialects/served/problem.ts";
import { GATEWAY_WIRES, wireOfPath } from "./wires.ts";

export const INVALID_URL: Problem = { kind: "invalid", message: "The request has no valid URL." };
export const INVALID_HOST: Problem = { kind: "invalid", message: "The request must have one Host header." };
export const UNKNOWN_EXPECTATION: Problem = {
  kind: "invalid",
  status: 417,
  message: "The only expectation that is supported is 100-continue.",
};

const TOO_SLOW: Problem = {
  kind: "timeout",
  status: 408,
  message: "The headers of the request arrived too slowly.",
};
const MALFORMED: Problem = { kind: "invalid", message: "The request is not valid HTTP/1.1." };

/** By the code of Node's error. */
const PROBLEMS: ReadonlyMap<string | undefined, Problem> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", TOO_SLOW],
  ["HPE_HEADER_OVERFLOW", { kind: "invalid", status: 431, message: "The headers of the request are too large." }],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", { kind: "too-large", message: "The chunk extensions are too large." }],
]);

interface ParseError extends Error {
  readonly code?: string;
  /** The bytes that could not be parsed. */
  readonly rawPacket?: Buffer;
}

/** Answers bytes that are not a request, in the words of its wire format as far as its path is known, and closes the connection. */
export function answerUnparsed(error: ParseError, socket: Duplex, open: Iterable<ServerResponse>): void {
  const response = [...open].find((one) => one.socket === socket);
  if (!socket.writable || response?.headersSent === true) return void socket.destroy();
  const { status, json } = written(PROBLEMS.get(error.code) ?? MALFORMED, response?.req.url ?? pathIn(error.rawPacket));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(json)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${json}`, () => socket.destroy());
}

/** Answers a request that is not passed on, and closes the connection. */
export function answerWith(response: ServerResponse, problem: Problem): void {
  const { status, json } = written(problem, response.req.url ?? "");
  response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(json);
}

function written(problem: Problem, path: string): { readonly status: number; readonly json: string } {
  const wire = GATEWAY_WIRES[wireOfPath(path) ?? "openai"];
  const { status, body } = wire.problem(problem, `req_${newCallId(systemClock.now())}`);
  return { status, json: JSON.stringify(body) };
}

/** The path of a request line. */
function pathIn(bytes: Buffer | undefined): string {
  return /^[A-Z]+ (\/\S*)/.exec(bytes?.subarray(0, 4_096).toString("latin1") ?? "")?.[1] ?? "";
}
