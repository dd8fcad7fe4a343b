import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { cacheFolder } from "../core/cache-folder.ts";
import { isPlainId } from "../core/plain-id.ts";
import { EFFORTS, SETTING_NAMES } from "../core/request.ts";
import { WIRE_NAMES } from "../core/wire-name.ts";
import type { ModelRow } from "./model-row.ts";
import { CATALOG_DATE } from "./models.generated.ts";
import { indexed, type ModelTable, type Overlay } from "./table.ts";

/** The first line of the file. */
export interface CatalogHeader {
  readonly version: 1;
  /** The source of the facts: a URL without its query, or a file. */
  readonly source: string;
  /** ISO date and time. */
  readonly fetchedAt: string;
  /** Day of the newest fact, ISO format. */
  readonly asOf: string;
  readonly providers: number;
  readonly models: number;
}

/** An unreadable cached catalog; `message` completes the sentence "the cached catalog PATH … ". */
export class UnreadableCatalog extends Error {
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.isMissing = isMissing;
  }
}

/** The path of the cached catalog; undefined if the environment does not define a cache directory. */
export function catalogPath(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const folder = cacheFolder(env, platform);
  return folder === undefined ? undefined : join(folder, "catalog.jsonl");
}

/** The content of the file: a header, then one JSON line per provider, so that a reader parses only those that it needs. */
export function catalogText(
  tables: ReadonlyMap<string, readonly ModelRow[]>,
  { source, fetchedAt, asOf }: Pick<CatalogHeader, "source" | "fetchedAt"> & { readonly asOf?: string | undefined },
): string {
  const models = [...tables.values()].reduce((sum, rows) => sum + rows.length, 0);
  const today = fetchedAt.slice(0, 10);
  // A date in the future is invalid.
  const day = asOf === undefined || asOf > today ? today : asOf;
  const header: CatalogHeader = { version: 1, source, fetchedAt, asOf: day, providers: tables.size, models };
  const lines = [...tables].map(([provider, rows]) => JSON.stringify({ provider, models: rows }));
  return `${[JSON.stringify(header), ...lines].join("\n")}\n`;
}

const MAX_BYTES = 64 * 1024 * 1024;

/** The facts of a file that `catalogText` wrote. */
export class CachedCatalog implements Overlay {
  readonly header: CatalogHeader;
  readonly bytes: number;
  readonly newer: boolean;
  readonly #lines: ReadonlyMap<string, string>;
  readonly #tables = new Map<string, ModelTable>();

  /** @throws UnreadableCatalog */
  static read(path: string): CachedCatalog {
    return new CachedCatalog(readCatalogFile(path));
  }

  /** @throws UnreadableCatalog */
  constructor(text: string) {
    const [first = "", ...lines] = text.split("\n");
    const { data } = headerSchema.safeParse(parsed(first));
    if (data === undefined) throw new UnreadableCatalog("was not written by this version of modelwright");
    if (lines.pop() !== "" || lines.length !== data.providers) throw new UnreadableCatalog("is incomplete");
    this.header = data;
    this.bytes = Buffer.byteLength(text);
    this.newer = data.asOf >= CATALOG_DATE;
    this.#lines = new Map(lines.map((line) => [PROVIDER.exec(line)?.[1] ?? "", line]));
  }

  get asOf(): string {
    return this.header.asOf;
  }

  names(): readonly string[] {
    return [...this.#lines.keys()];
  }

  /** @throws UnreadableCatalog */
  table(providerId: string): ModelTable | undefined {
    const line = this.#lines.get(providerId);
    if (line === undefined) return undefined;
    let table = this.#tables.get(providerId);
    if (table === undefined) {
      const { data } = lineSchema.safeParse(parsed(line));
      if (data === undefined) throw new UnreadableCatalog(`has invalid rows for ${providerId}`);
      table = indexed(data.models as unknown as readonly ModelRow[]);
      this.#tables.set(providerId, table);
    }
    return table;
  }
}

const PROVIDER = /^\{"provider":"([^"\\]{1,100})",/;

/**
 * The text of a file of at most 64 MiB; never blocks, for example on a pipe.
 * @throws UnreadableCatalog
 */
export function readCatalogFile(path: string): string {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UnreadableCatalog(code === "ENOENT" ? "does not exist" : `cannot be read (${code})`, code === "ENOENT");
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new UnreadableCatalog("is not a regular file");
    if (stat.size > MAX_BYTES) throw new UnreadableCatalog("is larger than 64 MiB");
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const count = z.int().nonnegative();
const day = z.string().regex(/^20\d\d-\d\d(-\d\d)?$/);
const headerSchema = z.object({
  version: z.literal(1),
  source: z.string().max(2_000),
  fetchedAt: z.iso.datetime(),
  asOf: day,
  providers: count,
  models: count,
});

const tokens = z.int().positive().max(1_000_000_000);
const usd = z.number().nonnegative().max(1_000_000);
const rates = {
  input: usd,
  output: usd,
  cacheRead: usd.optional(),
  cacheWrite: usd.optional(),
  cacheWrite5m: usd.optional(),
  cacheWrite1h: usd.optional(),
};
const capabilities = z.array(z.string().regex(/^[a-z][A-Za-z]{1,30}$/));

const rowSchema = z.object({
  id: z.string().refine(isPlainId),
  context: tokens.optional(),
  maxOutput: tokens.optional(),
  can: capabilities.optional(),
  cannot: capabilities.optional(),
  efforts: z.array(z.enum(EFFORTS)).optional(),
  reasoningWire: z.enum(["effort", "adaptive", "budget", "level"]).optional(),
  lacks: z.array(z.enum(SETTING_NAMES)).optional(),
  lacksWithEffort: z.array(z.enum(SETTING_NAMES)).optional(),
  oneSampler: z.literal(true).optional(),
  systemRole: z.enum(["system", "developer", "user"]).optional(),
  anthropicVersion: day.optional(),
  dialect: z.enum(WIRE_NAMES).optional(),
  toolResultMedia: z.literal(true).optional(),
  embedding: z
    .object({
      texts: count.optional(),
      tokens: count.optional(),
      dimensions: count.optional(),
      sizes: z.union([z.object({ each: z.array(count).max(100) }), z.object({ from: count, to: count })]).optional(),
    })
    .optional(),
  releasedOn: day.optional(),
  deprecated: z.literal(true).optional(),
  retiresOn: day.optional(),
  price: z
    .object({
      ...rates,
      tiers: z
        .array(z.object({ above: count, ...rates }))
        .max(20)
        .optional(),
    })
    .optional(),
});
const lineSchema = z.object({ provider: z.string(), models: z.array(rowSchema) });
