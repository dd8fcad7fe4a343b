import type { Client, Encode } from "../core/dialect.ts";
import type { RequestOperation } from "../core/operation.ts";
import { targetError } from "../core/target-error.ts";
import { wholeBody } from "./whole-body.ts";

/** How a wire counts the tokens of a prompt. */
export interface TokenCount<Params> {
  readonly encode: Encode<Params>;
  readonly client: Client<Params>;
  /** The field of the answer that has the number. */
  readonly field: string;
}

/** Asks a provider's endpoint for the tokens of a prompt. */
export async function countOverWire<Params>(
  operation: RequestOperation,
  { encode, client, field }: TokenCount<Params>,
): Promise<number> {
  const { target, request } = operation;
  const body = await wholeBody(operation, client, encode(request, target, false).params);
  const count = (body as Record<string, unknown> | null)?.[field];
  if (typeof count === "number") return count;
  throw targetError(target, "protocol_error", `the token count has no ${field}`);
}
