import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type net from "node:net";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { LOCALHOST_CERT, LOCALHOST_KEY } from "./localhost-certificate.ts";

/** One request, unmasked. */
export interface Arrival {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
}

export interface Host {
  readonly url: string;
  readonly port: number;
  readonly arrivals: Arrival[];
}

export interface HostOptions {
  readonly tls?: boolean;
  /** Answers instead of the host if it returns true. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Answers every wire with "hello" and keeps the requests, including credentials; closed when the test ends. */
export async function host({ tls = false, answer }: HostOptions = {}): Promise<Host> {
  const arrivals: Arrival[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const path = request.url ?? "";
    arrivals.push({ path, headers: request.headers, body: JSON.parse(text) });
    if (answer?.(request, response) === true) return;
    response.setHeader("content-type", "application/json").end(JSON.stringify(helloOn(path)));
  };
  const server = tls
    ? https.createServer({ cert: LOCALHOST_CERT, key: LOCALHOST_KEY }, handle)
    : http.createServer(handle);
  const port = await listening(server);
  return { url: `${tls ? "https" : "http"}://127.0.0.1:${port}`, port, arrivals };
}

/** Starts a server on a free port; closed when the test ends, including open connections. */
export async function listening(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

function helloOn(path: string): unknown {
  if (path.includes("/responses")) {
    const content = [{ type: "output_text", text: "hello", annotations: [] }];
    return {
      id: "r",
      object: "response",
      status: "completed",
      output: [{ type: "message", id: "m", role: "assistant", status: "completed", content }],
      usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
    };
  }
  if (path.includes("/messages")) {
    return {
      id: "m",
      type: "message",
      role: "assistant",
      model: "m",
      content: [{ type: "text", text: "hello" }],
      stop_reason: "end_turn",
      usage: { input_tokens: 3, output_tokens: 2 },
    };
  }
  if (path.includes(":generateContent")) {
    return {
      candidates: [{ index: 0, content: { role: "model", parts: [{ text: "hello" }] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
    };
  }
  return {
    id: "c",
    object: "chat.completion",
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
    usage: USAGE,
  };
}
