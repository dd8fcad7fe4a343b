import type { Json } from "../dialects/served/json.ts";
import { Rejection } from "../dialects/served/problem.ts";
import { type StoredId, storedIds } from "../dialects/served/stored-ids.ts";
import { contextOf, type Model } from "../model/model.ts";
import type { Arrival } from "./arrival.ts";

/** Each is read from the store. */
const MAX_IDS = 1_000;

/**
 * Files, containers and the like belong to the API key of the provider, which all keys of the gateway share. A client with a key may
 * name those that an answer for this key had, and those whose field its entry lists in `client_fields`.
 * @throws Rejection
 */
export async function requireIssued({ key, responses }: Arrival, model: Model, body: Json): Promise<void> {
  if (key === undefined) return;
  const listed = contextOf(model)?.target.adaptation.clientFields ?? [];
  const named = storedIds(body).filter(({ field }) => !listed.includes(field));
  if (named.length === 0) return;
  if (named.length > MAX_IDS)
    throw new Rejection({
      kind: "invalid",
      message: `The request has more than ${MAX_IDS} ids of what a provider stores.`,
    });
  const issued = await responses.issued([...new Set(named.map(({ id }) => id))]);
  const foreign = named.find(({ id }) => !issued.has(id));
  if (foreign !== undefined) throw notIssued(foreign);
}

function notIssued({ id, path, field }: StoredId): Rejection {
  const message = `${path}: ${JSON.stringify(id.slice(0, 200))} was not issued to this key of the gateway. What a provider stores is shared by all keys; \`client_fields = ["${field}"]\` in the entry lets its clients name it.`;
  return new Rejection({ kind: "invalid", message, param: path });
}
