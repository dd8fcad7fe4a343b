import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Nano-USD for each token. */
export interface Rate {
  readonly input: number;
  readonly output: number;
}
export type Rates = Readonly<Record<string, Rate>>;

export const MAX_TOKENS = 100;
const PROMPT_TOKENS = 5;

/** One request, as the provider has it in its books. Times are of `performance.now()`. */
export interface Served {
  readonly user: string;
  readonly model: string;
  /** Nano-USD. */
  billed: number;
  /** Whether the complete answer was written, with its usage. */
  isComplete: boolean;
  /** When the answer was written, or the client left; absent while the request is in flight. */
  endedMs?: number;
}

interface Asked {
  readonly model: string;
  readonly user?: string;
  readonly stream?: boolean;
}

/** A provider that keeps its own bill: it charges what it has generated, also for answers that nobody reads to the end. */
export class Provider {
  readonly url: string;
  readonly served: Served[] = [];
  readonly #rates: Rates;
  readonly #close: () => Promise<void>;

  private constructor(url: string, rates: Rates, close: () => Promise<void>) {
    this.url = url;
    this.#rates = rates;
    this.#close = close;
  }

  static async start(random: () => number, rates: Rates): Promise<Provider> {
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
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const provider = new Provider(url, rates, close);
    return provider;
  }

  /** Nano-USD. */
  get bill(): number {
    return this.served.reduce((sum, { billed }) => sum + billed, 0);
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #answer({ model, user = "", stream }: Asked, response: ServerResponse, random: () => number) {
    const rate = this.#rates[model] ?? { input: 0, output: 0 };
    const served: Served = { user, model, billed: 0, isComplete: false };
    this.served.push(served);
    response.once("close", () => {
      served.endedMs = performance.now();
    });
    const luck = random();
    if (luck < 0.05) {
      response.writeHead(500, { "content-type": "application/json" }).end('{"error":{"message":"broken"}}');
      return;
    }
    served.billed += PROMPT_TOKENS * rate.input;
    const tokens = 1 + Math.floor(random() * MAX_TOKENS);
    await elapsed(random() * 20);
    if (stream !== true) {
      served.billed += tokens * rate.output;
      served.isComplete = true;
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(bodyOf(model, tokens)));
      return;
    }
    const cutAt = luck < 0.15 ? Math.floor(tokens / 2) : tokens;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let token = 0; token < cutAt && !response.destroyed; token += 10) {
      const words = Math.min(10, cutAt - token);
      served.billed += words * rate.output;
      response.write(eventOf({ delta: { content: " word".repeat(words) } }));
      await elapsed(1);
    }
    served.isComplete = cutAt === tokens && !response.destroyed;
    if (cutAt < tokens) response.end();
    else response.end(`${eventOf({ delta: {}, finish_reason: "stop" }, usageOf(tokens))}data: [DONE]\n\n`);
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function usageOf(tokens: number) {
  return { prompt_tokens: PROMPT_TOKENS, completion_tokens: tokens, total_tokens: tokens + PROMPT_TOKENS };
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
