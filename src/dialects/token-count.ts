import type { Call } from "../core/call.ts";
import type { Wire } from "./exchange.ts";
import { wholeBody } from "./whole-body.ts";
import { targetError } from "../core/target-error.ts";

/** Asks a provider's endpoint for the tokens of a prompt; its answer has them as a number under `field`. */
export async function countOverWire<Params>(
  call: Call,
  wire: Pick<Wire<Params>, "encode" | "client">,
  field: string,
): Promise<number> {
  const body = await wholeBody(call, wire);
  const count = (body as Record<string, unknown> | null)?.[field];
  if (typeof count === "number") return count;
  throw targetError(call.target, "protocol_error", `the token count has no ${field}`);
}
