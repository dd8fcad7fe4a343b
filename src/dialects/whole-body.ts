import type { Call } from "../core/call.ts";
import type { Decoder } from "../core/dialect.ts";
import { openWire, type Wire } from "./exchange.ts";
import { targetError } from "../core/target-error.ts";

/** Asks an endpoint that answers with one JSON body and gives that body as it is. */
export async function wholeBody<Params>(
  call: Call,
  { encode, client }: Pick<Wire<Params>, "encode" | "client">,
): Promise<unknown> {
  const wire: Wire<Params> = { encode, client, decoder: () => new BodyDecoder() };
  for await (const events of openWire({ ...call, streaming: false }, wire)) {
    for (const event of events) if (event.type === "response") return event.body;
  }
  throw targetError(call.target, "protocol_error", "the answer is no JSON body");
}

/** Such a body has no events of its own. */
class BodyDecoder implements Decoder {
  readonly done = false;
  push(): void {}
  body(...[body, out]: Parameters<Decoder["body"]>): void {
    out.push({ type: "response", body });
  }
  end(): void {}
}
