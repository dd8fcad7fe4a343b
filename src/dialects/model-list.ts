import type { Client } from "../core/dialect.ts";
import type { OfferedModel } from "../core/offered-model.ts";
import type { Operation } from "../core/operation.ts";
import { isPlainId } from "../core/plain-id.ts";
import { targetError } from "../core/target-error.ts";
import { jsonResponse } from "./json-response.ts";

/** The parameters of a request for one page. */
export interface PageParams {
  /** The cursor after the previous page; undefined for the first one. */
  readonly after: string | undefined;
  /** Maximum models per page. */
  readonly size: number;
}

/** One page as received: entries that are not validated yet, and the cursor of the next page. */
export interface ModelPage {
  readonly entries: readonly unknown[];
  readonly next?: unknown;
}

/** Reads the list of a wire format; both functions are pure. */
export interface ListReader {
  /** Undefined if the body is not a list. */
  page(body: JsonObject): ModelPage | undefined;
  /** Undefined for an entry that is not a model, or not a callable one. */
  model(entry: JsonObject): Partial<OfferedModel> | undefined;
}

export type JsonObject = Readonly<Record<string, unknown>>;

const PAGE_SIZE = 1_000;
/** More than any provider has; an endless list is an error. */
const MAX_PAGES = 25;

/** Requests a provider's list of models, page by page; each model once, in the provider's order. */
export async function listOverWire(
  operation: Operation,
  client: Client<PageParams>,
  reader: ListReader,
): Promise<readonly OfferedModel[]> {
  const { target } = operation;
  const models = new Map<string, OfferedModel>();
  const asked = new Set<string | undefined>();
  let after: string | undefined;
  while (!asked.has(after) && asked.size < MAX_PAGES) {
    asked.add(after);
    const body = await jsonResponse(operation, client, { after, size: PAGE_SIZE });
    const page: ModelPage | undefined = Array.isArray(body)
      ? { entries: body }
      : isObject(body)
        ? reader.page(body)
        : undefined;
    if (page === undefined)
      throw targetError(target, "protocol_error", `expected a list of models, got ${kindOf(body)}`);
    for (const model of page.entries.map((entry) => readModel(entry, reader)))
      if (model !== undefined && !models.has(model.id)) models.set(model.id, model);
    if (typeof page.next !== "string" || page.next === "") return [...models.values()];
    after = page.next;
  }
  throw targetError(target, "protocol_error", "the list of models is endless");
}

function readModel(entry: unknown, reader: ListReader): OfferedModel | undefined {
  const read = isObject(entry) ? reader.model(entry) : undefined;
  return read?.id === undefined ? undefined : (read as OfferedModel);
}

const MAX_KEYS = 5;

/** Describes a body that is not a list: its type and keys, without values. */
function kindOf(body: unknown): string {
  if (!isObject(body)) return body === null ? "null" : `a ${typeof body}`;
  const keys = Object.keys(body).filter((key) => /^\w{1,40}$/.test(key));
  if (keys.length === 0) return "an object";
  const more = keys.length > MAX_KEYS ? `, and ${keys.length - MAX_KEYS} more` : "";
  return `an object with ${keys.slice(0, MAX_KEYS).join(", ")}${more}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The valid fields of a model; others are omitted. Ids and names are printed on terminals. */
export function offeredModel(fields: { readonly [Name in keyof OfferedModel]?: unknown }): Partial<OfferedModel> {
  const { id, displayName, context, maxOutput, created, retiresOn } = fields;
  const read = {
    id: isPlainId(id) ? id : undefined,
    displayName: typeof displayName === "string" && displayName !== id ? nameFrom(displayName) : undefined,
    context: count(context),
    maxOutput: count(maxOutput),
    created: day(created),
    retiresOn: day(retiresOn),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}

const MAX_NAME_LENGTH = 200;

function nameFrom(text: string): string | undefined {
  const clean = text.replace(/\p{C}/gu, "").trim().slice(0, MAX_NAME_LENGTH);
  return clean === "" ? undefined : clean;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** No model is older; some providers send 0 or 1970 for an unknown date. */
const FIRST_DAY_MS = Date.UTC(2015, 0, 1);
const LAST_DAY_MS = Date.UTC(2100, 0, 1);

/** From seconds since 1970, or from a date string. */
function day(value: unknown): string | undefined {
  const atMs = typeof value === "number" ? value * 1_000 : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return atMs >= FIRST_DAY_MS && atMs < LAST_DAY_MS ? new Date(atMs).toISOString().slice(0, 10) : undefined;
}
