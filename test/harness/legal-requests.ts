import type { Message } from "../../src/core/message.ts";
import { readMessages } from "../../src/dialects/anthropic/server/read-request.ts";
import { readGenerate } from "../../src/dialects/google/server/read-request.ts";
import { readChat } from "../../src/dialects/openai/server/read-chat-request.ts";
import { readResponses } from "../../src/dialects/openai/server/read-responses-request.ts";
import type { Json } from "../../src/dialects/served/json.ts";
import type { Received } from "../../src/dialects/server-wire.ts";
import { isModelError, type Model, ModelError, ModelFactory } from "../../src/index.ts";
import type { Wire } from "./wires.ts";

export interface Way {
  readonly wire: Wire;
  readonly provider: string;
  readonly model: string;
  readonly read: (received: Received) => unknown;
}
export const WAYS: readonly Way[] = [
  { wire: "openai", provider: "openai", model: "gpt-4o", read: readChat },
  { wire: "openai-responses", provider: "openai", model: "gpt-5", read: readResponses },
  { wire: "anthropic", provider: "anthropic", model: "claude-sonnet-4-5", read: readMessages },
  { wire: "google", provider: "google", model: "gemini-3-pro-preview", read: readGenerate },
];

export type Sent = { path: string; headers: Headers; body: Json };
let sent: Sent | undefined;
const factories: ModelFactory[] = [];
/** Closes the factories of all models of `modelOf`. */
export async function closeModels(): Promise<void> {
  await Promise.all(factories.map((factory) => factory.close()));
}

/** A model whose requests are captured here, as its SDK wrote them. */
export function modelOf({ wire, provider, model }: Way): Model {
  const toml = `[models.m]\nname = "${model}"\nprovider = "${provider}"\ncustom_llm_provider = "${wire}"\napi_key = "k"\nnum_retries = 0\ncircuit_breaker = false`;
  const transport = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(init?.body)) as Json;
    sent = { path: new URL(String(url)).pathname, headers: new Headers(init?.headers), body };
    throw new ModelError({ code: "aborted", message: "It was only to be seen." });
  };
  const factory = ModelFactory.parse(toml, { env: {}, transport });
  factories.push(factory);
  return factory.get("m");
}

/** The request that a history becomes, or the error if it is rejected before anything is sent. */
export async function request(model: Model, messages: readonly Message[]): Promise<Sent | ModelError> {
  sent = undefined;
  const outcome = await model.safeCodegen(messages as Message[]);
  if (sent !== undefined) return sent;
  if (outcome.ok || !isModelError(outcome.error)) throw new Error("neither a request nor a refusal");
  return outcome.error;
}

/** Throws if its provider would reject the request. */
export function checkLegal(way: Way, { path, headers, body }: Sent): void {
  const shown = Object.fromEntries(headers.entries());
  way.read({ path, model: way.model, streaming: false, counting: false, headers: shown, body, history: new Map() });
}
