import { Agent, type IncomingMessage, request } from "node:http";
import { gateway } from "../../src/gateway/gateway.ts";
import { type Listening, listen } from "../../src/gateway/node-server.ts";
import type { ModelFactory } from "../../src/index.ts";
import type { Wire } from "../harness/wires.ts";

/** A gateway in this process, and its clients. */
export class GatewayClient {
  readonly #listening: Listening;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(listening: Listening) {
    this.#listening = listening;
  }

  static async start(factory: ModelFactory<Record<never, never>>): Promise<GatewayClient> {
    return new GatewayClient(await listen(gateway({ factory }), "127.0.0.1", 0));
  }

  /** "fine", or how the answer failed; a wrong answer throws. */
  async ask(wire: Wire, model: string, streaming: boolean, signal: AbortSignal | undefined): Promise<string> {
    try {
      const response = await this.#send(wire, model, streaming, signal);
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      if (/"error":\{|event: error|"type":"error"/.test(text)) return `status ${response.statusCode}`;
      if (response.statusCode !== 200 || !text.includes("fine")) throw new Error(`a wrong answer: ${text}`);
      return "fine";
    } catch (error) {
      if (signal?.aborted === true) return "aborted";
      throw error;
    }
  }

  /** Closes the idle connections, so that they are not counted. */
  rest(): void {
    this.#agent.destroy();
  }

  async close(): Promise<void> {
    this.rest();
    await this.#listening.close();
  }

  #send(wire: Wire, model: string, stream: boolean, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const { path, body } = REQUESTS[wire](model, stream);
    const text = JSON.stringify(body);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, method: "POST", headers, ...(signal && { signal }) };
      request(this.#listening.url + path, options, resolve)
        .on("error", reject)
        .end(text);
    });
  }
}

const MESSAGES = [{ role: "user", content: "Hello" }];

const REQUESTS: Readonly<
  Record<Wire, (model: string, stream: boolean) => { readonly path: string; readonly body: object }>
> = {
  openai: (model, stream) => ({ path: "/v1/chat/completions", body: { model, stream, messages: MESSAGES } }),
  "openai-responses": (model, stream) => ({
    path: "/v1/responses",
    body: { model, stream, store: false, input: "Hello" },
  }),
  anthropic: (model, stream) => ({ path: "/v1/messages", body: { model, stream, max_tokens: 99, messages: MESSAGES } }),
  google: (model, stream) => ({
    path: `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    body: { contents: [{ role: "user", parts: [{ text: "Hello" }] }] },
  }),
};
