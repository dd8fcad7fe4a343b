import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Call, CallRecord } from "../../src/core/call.ts";
import { Cancellation } from "../../src/core/cancellation.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Dialect } from "../../src/core/dialect.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import type { ModelRequest } from "../../src/core/request.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Target } from "../../src/core/target.ts";
import type { Transport } from "../../src/core/transport.ts";
import { requestOf } from "./contract.ts";

export interface CallOptions {
  readonly target: Target;
  readonly transport: Transport;
  readonly request?: ModelRequest;
  readonly streaming?: boolean;
  readonly key?: string;
}

export function callOf({ target, transport, request = requestOf({}), streaming = false, key }: CallOptions): Call {
  return {
    input: {
      messages: request.messages,
      settings: {},
      samples: 1,
      extraBody: {},
      extraHeaders: {},
      raw: false,
      tags: [],
    },
    target,
    request,
    streaming,
    onBreak: "error",
    cancellation: new Cancellation(),
    credential: key === undefined ? undefined : new Secret(key),
    tryIndex: 0,
    fallbackRemains: false,
    deadlineAtMs: undefined,
    record: new CallRecord("call", 0),
    transport,
    clock: systemClock,
    random: () => 0.5,
  };
}

export async function eventsOf(dialect: Dialect, call: Call): Promise<FlowEvent[]> {
  const events: FlowEvent[] = [];
  for await (const batch of dialect.open(call)) events.push(...batch);
  return events;
}

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

export interface Loopback {
  readonly baseUrl: string;
  /** Every request that arrived, in order. */
  readonly seen: Seen[];
  answer: (request: Seen, response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function startLoopback(): Promise<Loopback> {
  const seen: Seen[] = [];
  const loopback: { -readonly [key in keyof Loopback]: Loopback[key] } = {
    baseUrl: "",
    seen,
    answer: (_, response) => response.writeHead(500).end(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body: text === "" ? {} : JSON.parse(text) };
      seen.push(one);
      loopback.answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  loopback.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return loopback;
}

export function answerJson(body: unknown, status = 200, headers: Record<string, string> = {}) {
  return (_: Seen, response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
}

/** One server-sent event per item; `named` adds the event name, as Anthropic does. */
export function answerStream(events: readonly unknown[], named: boolean) {
  return (_: Seen, response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) {
      const name = named ? `event: ${(event as { type: string }).type}\n` : "";
      response.write(`${name}data: ${JSON.stringify(event)}\n\n`);
    }
    response.end();
  };
}

/** Runs with these variables in the environment, then puts the old values back. */
export async function withEnvironment<T>(
  variables: Readonly<Record<string, string>>,
  run: () => Promise<T>,
): Promise<T> {
  const before = new Map(Object.keys(variables).map((name) => [name, process.env[name]]));
  Object.assign(process.env, variables);
  try {
    return await run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
