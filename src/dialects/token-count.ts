import type { Client, Encode } from "../core/dialect.ts";
import { isModelError } from "../core/error.ts";
import type { RequestOperation } from "../core/operation.ts";
import type { ModelRequest } from "../core/request.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";
import { jsonResponse } from "./json-response.ts";

/** The token counting endpoint of a wire format. */
export interface TokenCount<Params> {
  readonly encode: Encode<Params>;
  readonly client: Client<Params>;
  /** The field of the response with the number. */
  readonly field: string;
}

function encoded<Params>(encode: Encode<Params>, request: ModelRequest, target: Target): Params {
  try {
    return encode(request, target, false).params;
  } catch (error) {
    if (isModelError(error)) throw error;
    // A client of a gateway may send a block that lacks what its type has.
    const words = error instanceof Error ? error.message : String(error);
    throw targetError(target, "invalid_request", `the request cannot be sent: ${words}`);
  }
}

/** Requests the token count of a prompt from the provider. */
export async function countOverWire<Params>(
  operation: RequestOperation,
  { encode, client, field }: TokenCount<Params>,
): Promise<number> {
  const { target, request } = operation;
  const body = await jsonResponse(operation, client, encoded(encode, request, target));
  const count = (body as Record<string, unknown> | null)?.[field];
  if (typeof count === "number") return count;
  throw targetError(target, "protocol_error", `the token count has no ${field}`);
}
