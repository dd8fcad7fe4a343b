import type { Command } from "commander";
import type { ModelInfo } from "../../index.ts";
import { catalogIds, infoOf } from "../catalog.ts";
import { columns } from "../columns.ts";
import type { CliContext } from "../context.ts";
import { abilities, type EntryRow, entryProblems, entryRows } from "../entry-row.ts";
import type { Paint } from "../print.ts";
import { withProject } from "../project.ts";
import { perMillion, plural, shortCount } from "../wording.ts";

interface ModelsFlags {
  readonly catalog?: string | true;
}

export function configureModels(command: Command, context: CliContext): void {
  command
    .option("--catalog [filter]", "what the catalog knows: ids and providers that contain the text")
    .addHelpText("after", "\nPrices are USD per million tokens, input / output.\n")
    .action((flags: ModelsFlags) =>
      flags.catalog === undefined ? listEntries(context) : listCatalog(flags.catalog, context),
    );
}

async function listEntries(context: CliContext): Promise<void> {
  await withProject(context, async (project) => {
    const rows = await entryRows(project);
    const { print, flags } = context;
    if (flags.json === true)
      return print.json(
        rows.map(({ problems, ...row }) => ({ ...row, problems: problems.map(({ message }) => message) })),
      );
    const { paint } = print;
    const head = ["name", "provider", "model", "wire", "context", "price", "key", "can"];
    for (const line of columns(
      head,
      rows.map((row) => entryCells(row, paint)),
      paint,
      print.columns,
    ))
      print.line(line);
    for (const line of entryProblems(rows, print)) print.line(line);
  });
}

function entryCells(row: EntryRow, paint: Paint): string[] {
  return [
    row.isDefault ? paint.bold(`${row.name} *`) : row.name,
    row.provider,
    row.model,
    row.wire,
    row.context === null ? "?" : shortCount(row.context),
    perMillion(row.price ?? undefined),
    row.usable ? paint.green("ok") : paint.yellow("missing"),
    paint.dim(abilities(row.capabilities) || "?"),
  ];
}

async function listCatalog(filter: string | true, { print, flags, signal }: CliContext): Promise<void> {
  const word = filter === true ? "" : filter.toLowerCase();
  const infos = catalogIds()
    .map((id) => infoOf(id))
    .filter((info) => info !== null)
    .filter(({ id, provider }) => `${provider}/${id}`.toLowerCase().includes(word));
  const found = [...new Map(infos.map((info) => [`${info.provider}/${info.id}`, info])).values()].sort(byProvider);
  if (flags.json === true) return print.json(found);
  const rows = found.map((info) => catalogCells(info, print.paint));
  for (const line of columns(
    ["provider", "model", "context", "output", "price", "can"],
    rows,
    print.paint,
    print.columns,
  ))
    if (!signal.aborted) print.line(line);
  print.note(print.notePaint.dim(`${plural(found.length, "model")}${word === "" ? "" : ` with "${word}"`}`));
}

function byProvider(left: ModelInfo, right: ModelInfo): number {
  return left.provider.localeCompare(right.provider) || left.id.localeCompare(right.id);
}

function catalogCells(
  { id, provider, context, maxOutput, price, capabilities, retiresOn }: ModelInfo,
  paint: Paint,
): string[] {
  const ending = retiresOn === undefined ? "" : ` retires ${retiresOn}`;
  return [
    provider,
    id,
    context === undefined ? "?" : shortCount(context),
    maxOutput === undefined ? "?" : shortCount(maxOutput),
    perMillion(price),
    paint.dim(`${abilities(capabilities)}${ending}`.trim() || "?"),
  ];
}
