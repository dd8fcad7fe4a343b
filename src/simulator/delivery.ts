import type { ServerResponse } from "node:http";

/** What is written to the socket, and how it ends. */
export interface Delivery {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Stream events, or the one body of a plain answer. */
  readonly frames: readonly string[];
  /** `complete`: properly; `cut`: the socket is destroyed; `silence`: nothing more, until the peer closes. */
  readonly ending: "complete" | "cut" | "silence";
  readonly streaming: boolean;
}

export interface Pace {
  /** Between the events of a stream, milliseconds. */
  readonly delayMs: number;
  /** Waits; rejects or never settles once the peer has gone. */
  readonly wait: (delayMs: number) => Promise<void>;
}

/** Writes one answer. Each event is a write of its own, so a slow pace is seen on the other side. */
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

/** A plain body that is cut still announces its whole length, as a dying server would have. */
function lengthOf(delivery: Delivery): Readonly<Record<string, string>> {
  if (delivery.streaming) return {};
  const length = delivery.frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0);
  return { "content-length": String(delivery.ending === "complete" ? length : length * 2 + 1) };
}

/** Settles when the bytes left for the socket, so that a cut comes after them. */
function written(response: ServerResponse, frame: string): Promise<void> {
  return new Promise((resolve) => {
    response.write(frame, () => resolve());
  });
}
