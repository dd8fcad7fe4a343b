import type { Command } from "commander";
import type { Config } from "../../config/load.ts";
import { silentLogger } from "../../core/logger.ts";
import { nearest } from "../../core/suggest.ts";
import { withoutEnd } from "../../core/without-end.ts";
import { overlayFor } from "../../factory/catalog-overlay.ts";
import type { ListedModel, ModelInfo, UnavailableList } from "../../index.ts";
import { catalogIds, infoOf } from "../catalog.ts";
import { columns } from "../columns.ts";
import { type CliContext, Exit, UsageError } from "../context.ts";
import { type DiscoveredPlace, discoveredLines, discoveredPlaces } from "../discovered.ts";
import {
  abilities,
  discoveredRow,
  type EntryRow,
  endingOf,
  entryProblems,
  entryRows,
  providerRows,
} from "../entry-row.ts";
import { listingsOf } from "../listings.ts";
import type { Paint, Printer } from "../print.ts";
import { printableLine } from "../printable.ts";
import { lookAtProject, type Project } from "../project.ts";
import { perMillion, plural, shortCount } from "../wording.ts";

interface ModelsFlags {
  readonly catalog?: string | true;
  readonly discover?: string | true;
}

export function configureModels(command: Command, context: CliContext): void {
  command
    .option("--catalog [filter]", "list the catalog: ids and providers that contain the text")
    .option("--discover [provider]", "list the models that the providers offer; nothing is billed")
    .addHelpText("after", "\nPrices are USD per million tokens, input / output.\n")
    .action(async ({ catalog, discover }: ModelsFlags) => {
      if (catalog !== undefined && discover !== undefined)
        throw new UsageError("--catalog and --discover cannot be combined");
      if (discover !== undefined) await listOffers(discover, context);
      else if (catalog !== undefined) await listCatalog(catalog, context);
      else await listEntries(context);
    });
}

async function listEntries(context: CliContext): Promise<void> {
  await lookAtProject(context, async (project) => {
    const { print, flags } = context;
    const { rows: found, warnings } = await listedModels(project, context);
    const rows = [...(await entryRows(project)), ...found];
    for (const warning of warnings) print.note(`  ${print.notePaint.yellow("!")} ${printableLine(warning)}`);
    if (flags.json === true)
      return print.json(
        rows.map(({ problems, ...row }) => ({
          ...row,
          ...otherNames(row.name, project.config),
          problems: problems.map(({ message }) => message),
        })),
      );
    const { paint } = print;
    const head = ["name", "provider", "model", "wire", "context", "output", "price", "key", "can"];
    const cells = rows.map((row) => entryCells(row, paint));
    print.lines(columns(head, cells, print, ESSENTIAL));
    print.lines(sharedNames(project.config, print));
    print.lines(entryProblems(rows, print));
  });
}

/** The models that providers with `discover = true` list, and why a list is missing. */
async function listedModels(
  project: Project,
  { print, signal }: CliContext,
): Promise<{ readonly rows: readonly EntryRow[]; readonly warnings: readonly string[] }> {
  const { discovering } = project.config;
  if (discovering.length === 0) return { rows: [], warnings: [] };
  const warnings: string[] = [];
  const onUnavailable = ({ provider, error, help }: UnavailableList) => {
    const reason = withoutEnd(error.message, ".");
    warnings.push(`the models of ${provider} are not listed: ${reason}${help === undefined ? "" : `; ${help}`}`);
  };
  print.busy(`asking ${discovering.join(", ")}`);
  const models = await project.factory.list({ signal, onUnavailable });
  print.idle();
  return { rows: models.filter(isDiscovered).map((model) => discoveredRow(project, model)), warnings };
}

function isDiscovered({ discovered }: ListedModel): boolean {
  return discovered !== undefined;
}

/** Columns of the name, model and key. */
const ESSENTIAL = [0, 2, 7];

/** The aliases and groups of an entry. */
function otherNames(name: string, config: Config) {
  const { aliases, groups } = config;
  return {
    aliases: Object.keys(aliases).filter((alias) => aliases[alias] === name),
    groups: groups.filter((one) => config.group(one)?.members.some(({ model }) => model === name)),
  };
}

/** An empty line, then the groups and aliases of the listed entries. */
function sharedNames(config: Config, print: Printer): string[] {
  const { paint } = print;
  const rows = [
    ...config.groups.map((name) => {
      const { strategy, members = [] } = config.group(name) ?? {};
      return [name, `group, ${strategy}`, members.map(({ model }) => model).join(", ")];
    }),
    ...Object.entries(config.aliases).map(([alias, name]) => [alias, "alias", name]),
  ]
    .map((cells) => cells.map(printableLine))
    .map(([name = "", ...cells]) => [name === config.defaultModel ? paint.bold(`${name} *`) : name, ...cells]);
  return rows.length === 0 ? [] : ["", ...columns(undefined, rows, print, [0, 1, 2])];
}

function entryCells(row: EntryRow, paint: Paint): string[] {
  return [
    row.isDefault ? paint.bold(`${printableLine(row.name)} *`) : printableLine(row.name),
    printableLine(row.provider),
    printableLine(row.model),
    row.wire,
    countOf(row.context),
    row.capabilities.embeddings === true ? "–" : countOf(row.maxOutput),
    perMillion(row.price ?? undefined),
    row.usable ? paint.green("ok") : paint.yellow("missing"),
    paint.dim(`${abilities(row.capabilities)} ${endingOf(row)}`.trim() || "?"),
  ];
}

function countOf(tokens: number | null | undefined): string {
  return tokens == null ? "?" : shortCount(tokens);
}

async function listOffers(provider: string | true, context: CliContext): Promise<void> {
  await lookAtProject(context, async (project) => {
    const rows = wanted(provider, [...(await entryRows(project)), ...(await providerRows(project))]);
    const { print, flags, env } = context;
    const overlay = overlayFor({ env }, true, silentLogger);
    const places = discoveredPlaces(await listingsOf(project, rows, context), overlay);
    const unasked = rows.filter(({ usable }) => !usable);
    if (flags.json === true) print.json(places);
    else print.lines(discoveredLines(places, print));
    for (const line of entryProblems(unasked, print)) print.note(line);
    if (places.some(isFailed)) throw new Exit(1);
  });
}

function isFailed({ error }: DiscoveredPlace): boolean {
  return error !== undefined && error.status !== "cannot-be-asked";
}

function wanted(provider: string | true, rows: readonly EntryRow[]): readonly EntryRow[] {
  if (provider === true) return rows;
  const found = rows.filter((row) => row.provider === provider);
  if (found.length > 0) return found;
  const there = [...new Set(rows.map((row) => row.provider))];
  const meant = nearest(provider, there);
  throw new UsageError(
    `no entry of the file has the provider "${provider}"; there are ${there.join(", ")}`,
    meant === undefined ? undefined : `did you mean "${meant}"?`,
  );
}

async function listCatalog(filter: string | true, { print, flags, signal, env }: CliContext): Promise<void> {
  const word = filter === true ? "" : filter.toLowerCase();
  const overlay = overlayFor({ env }, true, silentLogger);
  const infos = catalogIds(undefined, overlay)
    .map((id) => infoOf(id, overlay))
    .filter((info) => info !== null)
    .filter(({ id, provider }) => `${provider}/${id}`.toLowerCase().includes(word));
  const found = [...new Map(infos.map((info) => [`${info.provider}/${info.id}`, info])).values()].sort(byProvider);
  if (flags.json === true) return print.json(found);
  const rows = found.map((info) => catalogCells(info, print.paint));
  for (const line of columns(["provider", "model", "context", "output", "price", "can"], rows, print))
    if (!signal.aborted) print.line(line);
  print.note(print.notePaint.dim(`${plural(found.length, "model")}${word === "" ? "" : ` with "${word}"`}`));
}

function byProvider(left: ModelInfo, right: ModelInfo): number {
  return left.provider.localeCompare(right.provider) || left.id.localeCompare(right.id);
}

function catalogCells(info: ModelInfo, paint: Paint): string[] {
  const { id, provider, context, maxOutput, price, capabilities } = info;
  return [
    printableLine(provider),
    printableLine(id),
    countOf(context),
    countOf(maxOutput),
    perMillion(price),
    paint.dim(`${abilities(capabilities)} ${endingOf(info)}`.trim() || "?"),
  ];
}
