import type { Delivery } from "./delivery.ts";
import type { Fault } from "./fault.ts";

/** Applies a fault to a delivery; `errorFrames` are the error events of the wire format after some events. */
export function applyFault(
  healthy: Delivery,
  fault: Fault,
  errorFrames: (sent: number) => readonly string[],
): Delivery {
  const delivery = { ...healthy, headers: { ...healthy.headers, ...faultHeaders(fault) } };
  if (fault.html === true) return webPage(delivery, fault.status ?? 502);
  if (fault.empty === true) return { ...delivery, status: fault.status ?? 200, frames: [], streaming: false };
  if (fault.garbage === true) return { ...delivery, frames: garbageFrames(delivery), ending: "complete" };
  if (fault.cut !== undefined)
    return cutShort(delivery, fault.cut.afterEvents, fault.cut.clean === true ? "complete" : "cut");
  if (fault.stall !== undefined) return cutShort(delivery, fault.stall.afterEvents, "silence");
  if (fault.errorEvent !== undefined && delivery.streaming) {
    const sent = delivery.frames.slice(0, fault.errorEvent.afterEvents);
    return { ...delivery, frames: [...sent, ...errorFrames(sent.length)] };
  }
  return delivery;
}

export function faultHeaders(fault: Fault): Readonly<Record<string, string>> {
  const retryAfter = fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
  const lowered = Object.entries(fault.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { ...retryAfter, ...Object.fromEntries(lowered) };
}

function cutShort(delivery: Delivery, afterEvents: number, ending: Delivery["ending"]): Delivery {
  if (delivery.streaming) return { ...delivery, frames: delivery.frames.slice(0, afterEvents), ending };
  const body = delivery.frames.join("");
  return { ...delivery, frames: afterEvents === 0 ? [] : [body.slice(0, Math.ceil(body.length / 2))], ending };
}

function webPage(delivery: Delivery, status: number): Delivery {
  const page = `<!DOCTYPE html><html><head><title>${status} Bad Gateway</title></head><body><h1>${status} Bad Gateway</h1><p>simulated gateway</p></body></html>\n`;
  const headers = { ...delivery.headers, "content-type": "text/html; charset=utf-8" };
  return { ...delivery, status, headers, frames: [page], streaming: false };
}

/** Events with invalid JSON, a line without a field, other bytes; then a normal end. */
function garbageFrames(delivery: Delivery): readonly string[] {
  if (!delivery.streaming) return ['{"id": "simulated", "choices": [{"mess'];
  return [
    'data: {"id": "simulated", "choices": [{"del\n\n',
    ":::: not an event ::::\n\n",
    "data: \u0000\u0001\u0002\n\n",
  ];
}
