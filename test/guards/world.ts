import http from "node:http";
import { onTestFinished } from "vitest";
import { ModelFactory } from "../../src/factory/factory.ts";
import type { Model } from "../../src/model/model.ts";
import { listening } from "../harness/host.ts";
import { type Said, type SeenRequest, wireServer } from "../harness/wire-server.ts";

/** Pieces in which the bytes of an answer arrive. */
export const SPLITS = [1, 7, 1_460] as const;

/** Events of a stream as the bytes of a body. */
export function sse(...events: readonly unknown[]): string {
  return events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join("");
}

type Loose = Readonly<Record<string, unknown>>;

export function chunk(delta: Loose, finish: string | null = null, index = 0): Loose {
  return { id: "c", choices: [{ index, delta, finish_reason: finish }] };
}

const HOST = 'provider = "host"\ncustom_llm_provider = "openai"';

/** A model of the chat wire at `origin`; `lines` are further keys of its entry. */
export function modelAt(origin: string, lines = "", provider = HOST, name = "some-model"): Model {
  const own = lines.includes("num_retries") ? "" : "num_retries = 0";
  const base = provider.includes("base_url") ? "" : `base_url = "${origin}/v1"`;
  const toml = `[models.m]\nname = "${name}"\napi_key = "k"\n${own}\n${provider}\n${base}\n${lines}`;
  const factory = ModelFactory.parse(toml, { env: {} });
  onTestFinished(() => factory.close());
  return factory.get("m");
}

export interface Sayer {
  readonly origin: string;
  readonly requests: readonly SeenRequest[];
  /** Resolves when the client has left every connection. */
  allClosed(): Promise<void>;
}

/** A server that says this to everybody. */
export async function saying(said: Said): Promise<Sayer> {
  const server = await wireServer(() => said);
  onTestFinished(() => server.close());
  return server;
}

/** A server that writes `first` and then `again` for ever, an event at a time, and counts those until its peer is gone. */
export async function looping(first: string, again: string) {
  const seen = { origin: "", written: 0, requests: 0, closed: Promise.withResolvers<void>() };
  const server = http.createServer((request, response) => {
    request.resume();
    seen.requests += 1;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(first);
    const tick = () => {
      if (response.destroyed) return;
      seen.written += 1;
      response.write(again, () => setImmediate(tick));
    };
    tick();
    response.on("close", () => seen.closed.resolve());
  });
  seen.origin = `http://127.0.0.1:${await listening(server)}`;
  return seen;
}
