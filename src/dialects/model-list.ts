import type { Client } from "../core/dialect.ts";
import type { OfferedModel } from "../core/offered-model.ts";
import type { Operation } from "../core/operation.ts";
import { isPlainId } from "../core/plain-id.ts";
import { targetError } from "../core/target-error.ts";
import { wholeBody } from "./whole-body.ts";

/** What one request for a page of a list says. */
export interface PageParams {
  /** Where the page before ended; undefined for the first. */
  readonly after: string | undefined;
  /** Most models of a page. */
  readonly size: number;
}

/** One page as received: entries that are not yet validated, and where the next page begins. */
export interface ModelPage {
  readonly entries: readonly unknown[];
  readonly next?: unknown;
}

/** How a wire's list is read; both are pure. */
export interface ListReader {
  /** Undefined where the body is not a list. */
  page(body: JsonObject): ModelPage | undefined;
  /** Undefined for an entry that is not a model, or not one that can be called. */
  model(entry: JsonObject): Partial<OfferedModel> | undefined;
}

export type JsonObject = Readonly<Record<string, unknown>>;

const PAGE_SIZE = 1_000;
/** Far above what any provider has: a list that does not end is an error, not a wait. */
const MAX_PAGES = 25;

/** Asks for a provider's list of models, page by page, each model once, in the provider's order. */
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
    const body = await wholeBody(operation, client, { after, size: PAGE_SIZE });
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
  throw targetError(target, "protocol_error", "the list of models does not end");
}

function readModel(entry: unknown, reader: ListReader): OfferedModel | undefined {
  const read = isObject(entry) ? reader.model(entry) : undefined;
  return read?.id === undefined ? undefined : (read as OfferedModel);
}

const MOST_KEYS = 5;

/** What came in place of a list: its kind and the names in it, not its values. */
function kindOf(body: unknown): string {
  if (!isObject(body)) return body === null ? "null" : `a ${typeof body}`;
  const keys = Object.keys(body).filter((key) => /^\w{1,40}$/.test(key));
  if (keys.length === 0) return "an object";
  const more = keys.length > MOST_KEYS ? `, and ${keys.length - MOST_KEYS} more` : "";
  return `an object with ${keys.slice(0, MOST_KEYS).join(", ")}${more}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of a model that can be believed; the rest is left out. Ids and names end up on terminals. */
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

const LONGEST_NAME = 200;

function nameFrom(text: string): string | undefined {
  const clean = text.replace(/\p{C}/gu, "").trim().slice(0, LONGEST_NAME);
  return clean === "" ? undefined : clean;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** No model is older: providers that do not know a date say 0 or 1970. */
const FIRST_DAY_MS = Date.UTC(2015, 0, 1);
const LAST_DAY_MS = Date.UTC(2100, 0, 1);

/** Of seconds since 1970, or of a text with a date. */
function day(value: unknown): string | undefined {
  const atMs = typeof value === "number" ? value * 1_000 : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return atMs >= FIRST_DAY_MS && atMs < LAST_DAY_MS ? new Date(atMs).toISOString().slice(0, 10) : undefined;
}
