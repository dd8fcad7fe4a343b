import type { Call } from "../core/call.ts";
import type { Decoder } from "../core/dialect.ts";
import { openWire, type Wire } from "./exchange.ts";
import { targetError } from "./wire-error.ts";

/** Asks a provider's endpoint for the tokens of a prompt; its answer has them as a number under `field`. */
export async function countOverWire<Params>(
  call: Call,
  { encode, client }: Pick<Wire<Params>, "encode" | "client">,
  field: string,
): Promise<number> {
  const wire: Wire<Params> = { encode, client, decoder: () => new CountDecoder() };
  for await (const events of openWire({ ...call, streaming: false }, wire)) {
    for (const event of events) {
      const count = event.type === "response" ? (event.body as Record<string, unknown> | null)?.[field] : undefined;
      if (typeof count === "number") return count;
    }
  }
  throw targetError(call.target, "protocol_error", `the token count has no ${field}`);
}

/** A count has no events of its own; its body travels as it is. */
class CountDecoder implements Decoder {
  readonly done = false;
  push(): void {}
  body(...[body, out]: Parameters<Decoder["body"]>): void {
    out.push({ type: "response", body });
  }
  end(): void {}
}
