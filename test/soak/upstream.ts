// The provider of the soak, in a process of its own: small answers in four wires, and a fault for every twentieth request.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Chance } from "../harness/chance.ts";
import { sse } from "../harness/recording-files.ts";
import { SMALL_BODY, SMALL_STREAM } from "../harness/small-answers.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const FAULT_SHARE = 0.05;

const wires = new Map(
  WIRES.map((wire) => {
    const { open, end } = SMALL_STREAM[wire];
    const start = sse(open, wire).replace("data: [DONE]\n\n", "");
    return [
      wire,
      { body: JSON.stringify(SMALL_BODY[wire]), start, rest: sse([...open, ...end], wire).slice(start.length) },
    ];
  }),
);

const chance = new Chance(1);
const EVENTS = { "content-type": "text/event-stream" };
const JSON_TYPE = { "content-type": "application/json" };

type Fault = (response: ServerResponse, wire: Wire) => void;

const FAULTS: readonly Fault[] = [
  (response) => response.writeHead(500, JSON_TYPE).end('{"error":{"message":"broken"}}'),
  (response) =>
    response.writeHead(429, { ...JSON_TYPE, "retry-after-ms": "1" }).end('{"error":{"message":"slow down"}}'),
  (response) => response.writeHead(503, JSON_TYPE).end('{"error":{"message":"overloaded"}}'),
  (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
  (response) => void response.socket?.destroy(),
  (response) => response.socket?.resetAndDestroy(),
  (response, wire) => {
    response.writeHead(200, EVENTS);
    response.write(wires.get(wire)?.start ?? "", () => response.socket?.destroy());
  },
];

function wireOf(path: string): Wire {
  if (path.includes("/chat/completions")) return "openai";
  if (path.includes("/responses")) return "openai-responses";
  return path.includes("/messages") ? "anthropic" : "google";
}

function answer(request: IncomingMessage, response: ServerResponse, sent: string): void {
  const wire = wireOf(request.url ?? "");
  const small = wires.get(wire);
  if (chance.happens(FAULT_SHARE)) {
    chance.pick(FAULTS)(response, wire);
    return;
  }
  const streaming = sent.includes('"stream":true') || request.url?.includes("streamGenerateContent") === true;
  if (!streaming) return void response.writeHead(200, JSON_TYPE).end(small?.body);
  response.writeHead(200, EVENTS);
  response.write(small?.start ?? "");
  setImmediate(() => response.end(small?.rest));
}

const server = createServer((request, response) => {
  let sent = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => {
    sent += text;
  });
  request.on("error", () => {});
  request.on("end", () => answer(request, response, sent));
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
