// The servers that the gateway is compared with. node plain-servers.ts proxy|hono PORT UPSTREAM
import { Agent, createServer, request } from "node:http";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources";
import type { Stream } from "openai/streaming";

const [kind, port, upstream = ""] = process.argv.slice(2);

/** As little as a proxy can do: every byte is passed on. */
function proxy(): void {
  const agent = new Agent({ keepAlive: true, maxSockets: 2_000 });
  const { hostname, port: to, pathname } = new URL(upstream);
  const server = createServer((incoming, outgoing) => {
    const { authorization: _, host: __, connection: ___, ...headers } = incoming.headers;
    const path = pathname.replace(/\/v1$/, "") + incoming.url;
    const passed = request({ agent, hostname, port: to, path, method: incoming.method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    outgoing.on("close", () => passed.destroy());
    incoming.pipe(passed);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(Number(port), "127.0.0.1");
}

/** What one writes by hand: a route of hono that asks the SDK. */
async function hono(): Promise<void> {
  const { Hono } = await import("hono");
  const { streamSSE } = await import("hono/streaming");
  const { serve } = await import("@hono/node-server");
  const { OpenAI } = await import("openai");
  const client = new OpenAI({ apiKey: "bench", baseURL: upstream, maxRetries: 0 });
  const app = new Hono();
  app.post("/v1/chat/completions", async (context) => {
    const body = await context.req.json();
    const answer = (await client.chat.completions.create(body)) as ChatCompletion | Stream<ChatCompletionChunk>;
    if (!(Symbol.asyncIterator in answer)) return context.json(answer);
    return streamSSE(context, async (stream) => {
      stream.onAbort(() => answer.controller.abort());
      for await (const chunk of answer) await stream.writeSSE({ data: JSON.stringify(chunk) });
      await stream.writeSSE({ data: "[DONE]" });
    });
  });
  serve({ fetch: app.fetch, port: Number(port), hostname: "127.0.0.1" });
}

if (kind === "proxy") proxy();
else await hono();
