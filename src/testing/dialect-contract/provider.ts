import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DialectResponse, Form } from "./contract.ts";

/** A request as the provider received it. */
export interface Arrival {
  /** The URL, the headers and the body. */
  readonly text: string;
  readonly headers: IncomingMessage["headers"];
  /** Resolves when the connection is closed, or the response is complete. */
  readonly closed: Promise<void>;
}

export type Answer = (response: ServerResponse, arrival: Arrival) => void;

export interface Provider {
  readonly url: string;
  answer: Answer;
  readonly arrivals: readonly Arrival[];
  /** Resolves with the first request. */
  readonly arrived: Promise<Arrival>;
  close(): Promise<void>;
}

/** A server on this machine. */
export async function startProvider(): Promise<Provider> {
  const arrivals: Arrival[] = [];
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<Arrival>();
  const server = createServer((request, response) => {
    const closed = new Promise<void>((resolve) => response.once("close", resolve));
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", headers } = request;
      const text = `${decoded(url)}\n${JSON.stringify(headers)}\n${Buffer.concat(chunks).toString("utf8")}`;
      const arrival = { text, headers, closed };
      arrivals.push(arrival);
      arrive(arrival);
      provider.answer(response, arrival);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const provider: Provider = {
    answer: (response) => response.writeHead(500).end("the contract has no response for this request"),
    url: `http://127.0.0.1:${port}`,
    arrivals,
    arrived,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

export function answerWith(described: DialectResponse, form: Form): Answer {
  return (response) => {
    open(response, described, form);
    if (form === "body") return void response.end(bodyText(described.body));
    for (const part of described.stream ?? []) response.write(part);
    response.end();
  };
}

/** The parts before `count`. Then the response ends, breaks off, or stays open. */
export function answerPart(described: DialectResponse, count: number, then: "end" | "break" | "wait"): Answer {
  return async (response) => {
    open(response, described, "stream");
    response.flushHeaders();
    for (const part of described.stream?.slice(0, count) ?? [])
      await new Promise((resolve) => response.write(part, resolve));
    if (then === "end") response.end();
    else if (then === "break") response.destroy();
  };
}

/** One byte at a time, so that characters, lines and events are split. */
export function answerInBytes(described: DialectResponse): Answer {
  return async (response) => {
    open(response, described, "stream");
    response.socket?.setNoDelay(true);
    for (const byte of Buffer.from(described.stream?.join("") ?? ""))
      await new Promise((resolve) => response.write(Uint8Array.of(byte), resolve));
    response.end();
  };
}

function open(response: ServerResponse, { status = 200, headers }: DialectResponse, form: Form): void {
  const type = form === "stream" ? "text/event-stream" : "application/json";
  response.writeHead(status, { "content-type": type, ...headers });
}

function bodyText(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}
