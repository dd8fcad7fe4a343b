import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import type { Wire } from "../harness/wires.ts";

/** A client that writes bytes; closed when the test ends. */
export interface RawClient {
  readonly socket: Socket;
  /** All that has arrived. */
  text(): string;
  write(text: string | Buffer): void;
  /** The response, when the server has closed the connection. */
  ended(): Promise<string>;
  /** Until this has arrived. */
  until(text: string): Promise<void>;
}

export function rawClient(url: string): RawClient {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let text = "";
  socket.on("error", () => {});
  socket.setEncoding("latin1").on("data", (data) => {
    text += data;
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  onTestFinished(() => void socket.destroy());
  return {
    socket,
    text: () => text,
    write: (bytes) => void socket.write(bytes),
    ended: async () => {
      await closed;
      return text;
    },
    until: async (part) => {
      await eventually(() => text.includes(part));
    },
  };
}

/** Turns the event loop until something is so. The limit of the test ends a wait in vain. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

export const PATHS: Readonly<Record<Wire, string>> = {
  openai: "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  anthropic: "/v1/messages",
  google: "/v1beta/models/openai:generateContent",
};

/** Status and body of a response as it was received. */
export function parsed(response: string): { readonly status: number; readonly head: string; readonly body: unknown } {
  const [head = "", text = ""] = response.split(/\r\n\r\n(.*)/s);
  const json = /transfer-encoding: chunked/i.test(head)
    ? text.replaceAll(/^[\da-f]+\r\n|\r\n(?:[\da-f]+\r\n)?/gi, "")
    : text;
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body: JSON.parse(json) };
}

const SOME = expect.stringMatching(/./);
const OPENAI_ERROR = { error: { message: SOME, type: SOME } };

/** The error of a wire format, as its SDKs read it. */
export const ERROR_SHAPE: Readonly<Record<Wire, object>> = {
  openai: OPENAI_ERROR,
  "openai-responses": OPENAI_ERROR,
  anthropic: { type: "error", error: { type: SOME, message: SOME }, request_id: SOME },
  google: { error: { code: expect.any(Number), message: SOME, status: expect.stringMatching(/^[A-Z_]+$/) } },
};
