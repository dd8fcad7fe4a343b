import type { Client, Encode } from "../core/dialect.ts";
import type { RequestOperation } from "../core/operation.ts";
import { targetError } from "../core/target-error.ts";
import { jsonResponse } from "./json-response.ts";

/** The token counting endpoint of a wire format. */
export interface TokenCount<Params> {
  readonly encode: Encode<Params>;
  readonly client: Client<Params>;
  /** The field of the response with the number. */
  readonly field: string;
}

/** Requests the token count of a prompt from the provider. */
export async function countOverWire<Params>(
  operation: RequestOperation,
  { encode, client, field }: TokenCount<Params>,
): Promise<number> {
  const { target, request } = operation;
  const body = await jsonResponse(operation, client, encode(request, target, false).params);
  const count = (body as Record<string, unknown> | null)?.[field];
  if (typeof count === "number") return count;
  throw targetError(target, "protocol_error", `the token count has no ${field}`);
}
