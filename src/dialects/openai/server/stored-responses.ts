import { asArray, asObject, asObjects, asString, type Json } from "../../served/json.ts";
import { refuse } from "../../served/problem.ts";
import type { ReceivedRequest } from "../../served/served-request.ts";
import type { WireEvent } from "../../server-wire.ts";

/** What is stored under an id: a response with its conversation, or one item of its output. */
export type Stored = { readonly response: Json; readonly items: readonly unknown[] } | { readonly item: Json };

/** How clients refer to earlier responses. */
export const storedResponses = {
  /** The ids that a request refers to. */
  references(body: Json): readonly string[] {
    const previous = asString(body.previous_response_id);
    const items = asObjects(body.input).filter(isReference).map(idOf);
    return previous === undefined ? items : [previous, ...items];
  },

  /** The request with the items that it refers to. Throws a Rejection for an item that is not stored. */
  resolved(
    body: Json,
    found: ReadonlyMap<string, Stored>,
    storing: boolean,
  ): Pick<ReceivedRequest, "body" | "history"> {
    const input = Array.isArray(body.input) ? body.input.map((item) => itemFor(item, found)) : body.input;
    const store = storing && body.store !== false;
    const responses = [...found].flatMap(([id, value]) => ("items" in value ? [[id, value.items] as const] : []));
    return { body: { ...body, ...(input !== undefined && { input }), store }, history: new Map(responses) };
  },

  /** What later requests may refer to, by id; empty for a response that is not to be stored. */
  kept({ body, history }: Pick<ReceivedRequest, "body" | "history">, response: Json): ReadonlyMap<string, Stored> {
    if (body.store !== true) return new Map();
    const before = history?.get(asString(body.previous_response_id) ?? "") ?? [];
    const own = typeof body.input === "string" ? [{ role: "user", content: body.input }] : asArray(body.input);
    const output = asObjects(response.output);
    const items = output.map((item) => [idOf(item), { item }] as const);
    return new Map<string, Stored>([[idOf(response), { response, items: [...before, ...own, ...output] }], ...items]);
  },

  /** The complete response in the last events of its stream. */
  responseIn(events: readonly WireEvent[]): Json | undefined {
    const last = asObject(events.at(-1)?.data);
    return last?.type === "response.completed" || last?.type === "response.incomplete"
      ? asObject(last.response)
      : undefined;
  },

  /** The ids under which `kept` stores a response. */
  idsOf: (response: Json): readonly string[] => [response, ...asObjects(response.output)].map(idOf),

  deleted: (id: string): Json => ({ id, object: "response", deleted: true }),
};

function isReference(item: Json): boolean {
  return item.type === "item_reference";
}

function idOf(value: Json): string {
  return asString(value.id) ?? "";
}

function itemFor(item: unknown, found: ReadonlyMap<string, Stored>): unknown {
  const reference = asObject(item);
  if (reference === undefined || !isReference(reference)) return item;
  const stored = found.get(idOf(reference));
  if (stored !== undefined && "item" in stored) return stored.item;
  refuse(`Item with id '${idOf(reference)}' not found.`, "input");
}
