import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { MODELS_DEV_URL, readModelsDev, UnusableDocument } from "../../catalog/models-dev.ts";
import { COMMAND } from "../../core/command.ts";
import { placeOf } from "../../core/place.ts";
import { nearest } from "../../core/suggest.ts";
import { atomicWrite } from "../atomic-write.ts";
import {
  CATALOG_DATE,
  CachedCatalog,
  catalogPath,
  catalogText,
  readCatalogFile,
  tableNames,
  tableOf,
  UnreadableCatalog,
} from "../catalog.ts";
import { columns } from "../columns.ts";
import { type CliContext, Failure, UsageError } from "../context.ts";
import { download } from "../download.ts";
import { fileSize, plural, since } from "../wording.ts";

interface UpdateFlags {
  readonly from?: string;
}

/** The document has about 3 MB in 2026. */
const MAX_BYTES = 32 * 1024 * 1024;

export function configureCatalog(command: Command, context: CliContext): void {
  command
    .allowExcessArguments()
    .addHelpText("after", "\nOnly update uses the network.\n")
    .action(() => (command.args.length > 0 ? refuse(command) : showCatalog(context)));
  command
    .command("update")
    .summary("fetch the public list of models.dev into the cache folder")
    .description("Fetch the public list of models.dev into the cache folder, where programs read it at start.")
    .option("--from <source>", "another URL, or a file with the same document", MODELS_DEV_URL)
    .action((flags: UpdateFlags) => updateCatalog(flags.from ?? MODELS_DEV_URL, context));
  command
    .command("clear")
    .summary("return to the shipped facts")
    .description("Remove the fetched catalog. Then only the shipped facts are used.")
    .action(() => clearCatalog(context));
}

function refuse({ args: [word = ""], commands }: Command): never {
  const meant = nearest(
    word,
    commands.map((one) => one.name()),
  );
  throw new UsageError(
    `catalog has no command "${word}"`,
    meant === undefined ? `${COMMAND} catalog --help lists them.` : `did you mean ${meant}?`,
  );
}

async function showCatalog({ env, print, flags }: CliContext): Promise<void> {
  const path = catalogPath(env);
  const cached = path === undefined ? undefined : cachedAt(path);
  const shipped = shippedCounts();
  if (flags.json === true) {
    const file = cached && { ...cached.header, newer: cached.newer, bytes: cached.bytes };
    return print.json({ shipped, cached: file ?? null, path: path ?? null });
  }
  const counts = (of: { readonly models: number; readonly providers: number }) =>
    `${plural(of.models, "model")} of ${plural(of.providers, "provider")}`;
  const rows = [["shipped", shipped.asOf, counts(shipped), "with this version of modelwright"]];
  if (cached !== undefined) {
    const { asOf, fetchedAt, source } = cached.header;
    rows.push(["cached", asOf, counts(cached.header), `fetched ${since(fetchedAt)} from ${source}`]);
  }
  print.lines(columns(["facts", "as of", "", ""], rows, print, [0, 1, 2]));
  print.lines(["", `  ${print.paint.dim(usage(path, cached))}`]);
}

function usage(path: string | undefined, cached: CachedCatalog | undefined): string {
  if (path === undefined) return NO_FOLDER;
  if (cached === undefined) return `nothing is cached; ${COMMAND} catalog update fetches newer facts`;
  const rule = cached.newer
    ? "newer than the shipped facts: it takes precedence"
    : "older than the shipped facts: it only fills gaps";
  return `${path} (${fileSize(cached.bytes)}) is ${rule}`;
}

const NO_FOLDER = "there is no cache folder: set XDG_CACHE_HOME or HOME (on Windows LOCALAPPDATA)";

function shippedCounts() {
  const providers = tableNames();
  const models = providers.reduce((sum, name) => sum + (tableOf(name)?.byId.size ?? 0), 0);
  return { asOf: CATALOG_DATE, providers: providers.length, models };
}

function cachedAt(path: string): CachedCatalog | undefined {
  try {
    const catalog = CachedCatalog.read(path);
    for (const name of catalog.names()) catalog.table(name);
    return catalog;
  } catch (error) {
    if (!(error instanceof UnreadableCatalog)) throw error;
    if (error.isMissing) return undefined;
    throw new Failure(`the cached catalog ${path} ${error.message}`, BROKEN, { cause: error });
  }
}

const BROKEN = `It is ignored. Fetch it again with ${COMMAND} catalog update, or remove it with ${COMMAND} catalog clear.`;

async function updateCatalog(from: string, context: CliContext): Promise<void> {
  const { print, flags } = context;
  const path = requiredPath(context);
  const { text, source } = await documentFrom(from, context);
  const { tables, asOf } = read(text, source);
  const written = catalogText(tables, { source, fetchedAt: new Date().toISOString(), asOf });
  // Parses the text as programs will, so that an unreadable catalog is never written.
  const { header, bytes, newer } = new CachedCatalog(written);
  await write(path, written);
  if (flags.json === true) return print.json({ path, ...header, newer, bytes });
  const counts = `${plural(header.models, "model")} of ${plural(header.providers, "provider")}`;
  print.line(`${print.paint.green("✓")} ${counts} from ${source}, as of ${header.asOf}`);
  print.line(`  ${print.paint.dim(`${path} (${fileSize(bytes)})`)}`);
  if (!newer)
    print.note(
      `${print.notePaint.yellow("note:")} the shipped facts are newer (${CATALOG_DATE}); these only fill gaps`,
    );
}

async function documentFrom(from: string, context: CliContext): Promise<{ text: string; source: string }> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(from)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const file = resolve(context.io.cwd, from);
    try {
      return { text: readCatalogFile(file), source: file };
    } catch (error) {
      if (!(error instanceof UnreadableCatalog)) throw error;
      throw new UsageError(`--from: the file ${file} ${error.message}`);
    }
  }
  if (!/^https?$/.test(scheme) || !URL.canParse(from))
    throw new UsageError("--from must be a URL that starts with https:// or http://, or a file");
  const source = placeOf(from);
  context.print.busy(`fetching ${source}`);
  return { text: await download(from, MAX_BYTES, context), source };
}

const KEPT = "Nothing was written; the current catalog is unchanged.";

function read(text: string, source: string): ReturnType<typeof readModelsDev> {
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    // The error of JSON.parse would quote the text.
    throw new Failure(`the document of ${source} is not JSON`, KEPT);
  }
  try {
    return readModelsDev(document);
  } catch (error) {
    if (!(error instanceof UnusableDocument)) throw error;
    throw new Failure(`the document of ${source} ${error.message}`, KEPT, { cause: error });
  }
}

async function write(path: string, text: string): Promise<void> {
  try {
    await atomicWrite(path, text);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure(
      `the catalog cannot be written to ${path} (${code})`,
      "Set XDG_CACHE_HOME to a writable folder.",
      { cause },
    );
  }
}

async function clearCatalog(context: CliContext): Promise<void> {
  const { print, flags } = context;
  const path = requiredPath(context);
  const removed = await removedFrom(path);
  if (flags.json === true) print.json({ path, removed });
  else print.line(removed ? `${print.paint.green("✓")} removed ${path}` : "nothing is cached");
}

async function removedFrom(path: string): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    throw new Failure(`${path} cannot be removed (${code})`, "Remove it by hand.", { cause });
  }
}

function requiredPath({ env }: CliContext): string {
  const path = catalogPath(env);
  if (path === undefined) throw new UsageError(NO_FOLDER);
  return path;
}
