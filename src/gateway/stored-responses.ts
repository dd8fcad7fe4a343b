import type { Json } from "../dialects/served/json.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { ReceivedRequest } from "../dialects/served/served-request.ts";
import type { Answer } from "./answer.ts";
import type { Arrival } from "./arrival.ts";
import { jsonAnswer } from "./json-answer.ts";

export type Resolved = Pick<ReceivedRequest, "body" | "history">;

/** Stored items in one request; each is read from the store. */
const MAX_REFERENCES = 10_000;

/** The request with what it refers to, if its wire format stores responses. */
export async function withStored({ wire, responses }: Arrival, body: Json): Promise<Resolved> {
  const { stored } = wire;
  if (stored === undefined) return { body };
  const ids = stored.references(body);
  requireFew(ids);
  const found = ids.length === 0 ? new Map() : await responses.find(ids);
  return stored.resolved(body, found, responses.areKept);
}

/** Each item is read from the store, and a large one repeated often would be a prompt of gigabytes. */
function requireFew(ids: readonly string[]): void {
  if (ids.length > MAX_REFERENCES)
    throw new Rejection({ kind: "invalid", message: `The request refers to more than ${MAX_REFERENCES} items.` });
  const seen = new Set<string>();
  for (const id of ids) {
    const message = `Duplicate item found with id '${id.slice(0, 200)}'. Remove duplicate items from your input and try again.`;
    if (seen.has(id)) throw new Rejection({ kind: "invalid", message, param: "input" });
    seen.add(id);
  }
}

/** GET /v1/responses/ID. */
export async function showResponse(arrival: Arrival): Promise<Answer> {
  return jsonAnswer(arrival, 200, await responseOf(arrival));
}

/** DELETE /v1/responses/ID. */
export async function deleteResponse(arrival: Arrival): Promise<Answer> {
  const { wire, responses, model: id = "" } = arrival;
  const response = await responseOf(arrival);
  for (const stored of wire.stored?.idsOf(response) ?? []) await responses.delete(stored);
  return jsonAnswer(arrival, 200, wire.stored?.deleted(id) ?? {});
}

async function responseOf({ responses, model: id = "" }: Arrival): Promise<Json> {
  const stored = (await responses.find([id])).get(id);
  if (stored !== undefined && "response" in stored) return stored.response;
  const message = `Response with id '${id.slice(0, 200)}' not found.`;
  throw new Rejection({ kind: "not-found", message, code: "response_not_found" });
}
