import type { ServerResponse } from "node:http";

/** The bytes of a response, and how it ends. */
export interface Delivery {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Stream events, or one body. */
  readonly frames: readonly string[];
  /** `complete`: a clean end; `cut`: the socket is destroyed; `silence`: nothing more until the peer disconnects. */
  readonly ending: "complete" | "cut" | "silence";
  readonly streaming: boolean;
}

export interface Pace {
  /** Delay between the events of a stream, milliseconds. */
  readonly delayMs: number;
  /** Waits; rejects or never settles after the peer disconnected. */
  readonly wait: (delayMs: number) => Promise<void>;
}

/** Writes one response. Each event is a separate write, so that delays are visible to the client. */
export async function deliver(delivery: Delivery, response: ServerResponse, pace: Pace): Promise<void> {
  response.writeHead(delivery.status, { ...delivery.headers, ...lengthOf(delivery) });
  response.flushHeaders();
  for (const [index, frame] of delivery.frames.entries()) {
    if (index > 0 && pace.delayMs > 0) await pace.wait(pace.delayMs);
    if (response.destroyed) return;
    await written(response, frame);
  }
  if (delivery.ending === "complete") response.end();
  if (delivery.ending === "cut") response.destroy();
}

/** A truncated JSON body announces its complete length, like a server that crashed. */
function lengthOf(delivery: Delivery): Readonly<Record<string, string>> {
  if (delivery.streaming) return {};
  const length = delivery.frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0);
  return { "content-length": String(delivery.ending === "complete" ? length : length * 2 + 1) };
}

/** Settles when the bytes were written to the socket, so that a cut comes after them. */
function written(response: ServerResponse, frame: string): Promise<void> {
  return new Promise((resolve) => {
    response.write(frame, () => resolve());
  });
}
