import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Arrival {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface SmallServer {
  readonly url: string;
  readonly arrivals: Arrival[];
}

/** A server whose responses are defined by the test; a returned value is sent as JSON. */
export async function serve(answer: (arrival: Arrival, response: ServerResponse) => unknown): Promise<SmallServer> {
  const arrivals: Arrival[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const arrival = { path: request.url ?? "", body: JSON.parse(text) };
    arrivals.push(arrival);
    const said = answer(arrival, response);
    if (said !== undefined) response.setHeader("content-type", "application/json").end(JSON.stringify(said));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrivals };
}

/** Server-sent events; strings are sent unchanged. */
export function sendEvents(response: ServerResponse, events: readonly unknown[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    const name = typeof event === "object" && event !== null && "type" in event ? `event: ${String(event.type)}\n` : "";
    response.write(`${name}data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
  }
  response.end();
}

/** A chat completion as a body. */
export function chatBody(
  text: string,
  usage: object = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  finish = "stop",
): object {
  return {
    id: "c1",
    object: "chat.completion",
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: finish }],
    usage,
  };
}

/** The same chat completion as stream events, one per chunk. */
export function chatEvents(
  pieces: readonly string[],
  usage: object | null = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  finish = "stop",
): unknown[] {
  const chunk = (delta: object, finish_reason: string | null) => ({
    id: "c1",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index: 0, delta, finish_reason }],
  });
  return [
    ...pieces.map((content, index) => chunk(index === 0 ? { role: "assistant", content } : { content }, null)),
    chunk({}, finish),
    ...(usage === null ? [] : [{ id: "c1", object: "chat.completion.chunk", model: "m", choices: [], usage }]),
    "[DONE]",
  ];
}
