import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Nano-USD for each token of an answer, by model. */
export const RATES: Readonly<Record<string, number>> = { dear: 1_000_000, cheap: 100_000 };
export const MAX_TOKENS = 100;

/** A provider that keeps its own bill: it charges what it has generated, also for answers that nobody reads to the end. */
export class Provider {
  readonly url: string;
  readonly #close: () => Promise<void>;
  bill = 0;
  requests = 0;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(random: () => number): Promise<Provider> {
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += String(chunk);
      });
      request.on("end", () => {
        void provider.#answer(JSON.parse(text), response, random);
      });
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const close = () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      });
    const provider = new Provider(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, close);
    return provider;
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #answer(
    { model, stream }: { readonly model: string; readonly stream?: boolean },
    response: ServerResponse,
    random: () => number,
  ) {
    this.requests++;
    const rate = RATES[model] ?? 0;
    const luck = random();
    if (luck < 0.05) {
      response.writeHead(500, { "content-type": "application/json" }).end('{"error":{"message":"broken"}}');
      return;
    }
    const tokens = 1 + Math.floor(random() * MAX_TOKENS);
    await elapsed(random() * 20);
    if (stream !== true) {
      this.bill += tokens * rate;
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(bodyOf(model, tokens)));
      return;
    }
    const cutAt = luck < 0.15 ? Math.floor(tokens / 2) : tokens;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let token = 0; token < cutAt && !response.destroyed; token += 10) {
      const words = Math.min(10, cutAt - token);
      this.bill += words * rate;
      response.write(eventOf({ delta: { content: " word".repeat(words) } }));
      await elapsed(1);
    }
    if (cutAt < tokens) response.end();
    else response.end(`${eventOf({ delta: {}, finish_reason: "stop" }, usageOf(tokens))}data: [DONE]\n\n`);
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function usageOf(tokens: number) {
  return { prompt_tokens: 5, completion_tokens: tokens, total_tokens: tokens + 5 };
}

function bodyOf(model: string, tokens: number) {
  const message = { role: "assistant", content: "word" };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  return { id: "c", object: "chat.completion", model, choices, usage: usageOf(tokens) };
}

function eventOf(choice: object, usage?: object): string {
  const chunk = { id: "c", object: "chat.completion.chunk", choices: [{ index: 0, ...choice }], usage: usage ?? null };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
