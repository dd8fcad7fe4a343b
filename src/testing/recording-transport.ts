import { checkOptions, FUNCTION, methods, type OptionRules } from "../core/check-options.ts";
import type { Transport } from "../index.ts";
import { createTransport } from "../transport/fetch.ts";
import { type CannedAnswer, CannedResponse } from "./canned-response.ts";
import { type SentRequest, sentRequest } from "./sent-request.ts";

export interface RecordingOptions {
  /** Answers a request instead of its provider; `undefined` sends it. Default: all requests are sent. */
  readonly answer?: (request: SentRequest) => CannedAnswer | undefined;
  /** Sends requests that `answer` does not handle. Default: the built-in transport. */
  readonly through?: Transport;
}

const RULES: OptionRules<RecordingOptions> = {
  answer: FUNCTION,
  through: methods("a transport, with fetch and close", ["fetch", "close"]),
};

export interface RecordingTransport extends Transport {
  /** All requests so far, in order. */
  readonly requests: readonly SentRequest[];
}

/**
 * Records every request of the SDKs: URL, method, headers with masked credentials, body. With `answer`, no request has to be
 * sent; streaming calls also accept a JSON answer.
 *
 * @example
 * import { ModelFactory } from "modelwright";
 * import { recordingTransport } from "modelwright/testing";
 *
 * const transport = recordingTransport({
 *   answer: () => ({ body: { choices: [{ message: { role: "assistant", content: "hi" }, finish_reason: "stop" }] } }),
 * });
 * const toml = `[models.m]\nname = "gpt-6-luna"\nprovider = "openai"\napi_key = "sk-test"`;
 * await using factory = ModelFactory.parse(toml, { transport });
 * const reply = await factory.create().codegen("Hello");
 * console.log(reply.text, transport.requests[0]?.url);
 */
export function recordingTransport(options: RecordingOptions = {}): RecordingTransport {
  checkOptions(options, RULES, "recordingTransport");
  const { answer, through = createTransport() } = options;
  const requests: SentRequest[] = [];
  return {
    requests,
    async fetch(url, init = {}) {
      const request = sentRequest(url, init);
      requests.push(request);
      const canned = answer?.(request);
      return canned === undefined
        ? through.fetch(url, init)
        : new CannedResponse(request.url, canned).settle(init.exchange);
    },
    close: () => through.close(),
  };
}
