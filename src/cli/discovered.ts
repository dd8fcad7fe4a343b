import { factsOf, infoOf } from "../catalog/lookup.ts";
import { priceOf } from "../catalog/price.ts";
import type { Overlay } from "../catalog/table.ts";
import type { OfferedModel, Price } from "../index.ts";
import { columns } from "./columns.ts";
import { listedAs, nearestId, type OnlineStatus, verdictOn } from "./listed.ts";
import type { Listing } from "./listings.ts";
import type { Printer } from "./print.ts";
import { printableLine } from "./printable.ts";
import { perMillion, plural, shortCount } from "./wording.ts";

/** A model listed by a provider, with data from the file and the catalog. Missing limits come from the catalog. */
interface DiscoveredModel extends OfferedModel {
  /** Entries that use it. */
  readonly usedBy: readonly string[];
  /** Whether the catalog knows it. */
  readonly known: boolean;
  /** USD per million tokens; null if the catalog has no price. */
  readonly price: Price | null;
}

/** The list of one provider for one key. */
export interface DiscoveredPlace {
  readonly provider: string;
  readonly baseUrl: string;
  readonly wire: string;
  readonly entries: readonly string[];
  /** Absent if the list could not be fetched. */
  readonly models?: readonly DiscoveredModel[];
  readonly complete?: boolean;
  /** Entries whose model is not in the list. */
  readonly missing?: readonly { readonly entry: string; readonly model: string; readonly suggestion: string | null }[];
  readonly error?: { readonly status: OnlineStatus; readonly code: string; readonly message: string };
}

export function discoveredPlaces(listings: readonly Listing[], overlay: Overlay | undefined): DiscoveredPlace[] {
  return listings.map(({ provider, baseUrl, users, answer }) => {
    const entries = users.filter(({ row }) => row.discovered !== true);
    const place = { provider, baseUrl, wire: users[0]?.row.wire ?? "", entries: entries.map(({ row }) => row.name) };
    if (answer instanceof Error) {
      const { status, message = "" } = verdictOn("", answer);
      return { ...place, error: { status, code: answer.code, message } };
    }
    const { models, complete } = answer;
    const found = new Map(entries.map(({ row }) => [row, listedAs(row.model, models)]));
    // The simulator accepts any id and has the facts of the model it simulates.
    const isSimulator = provider === "simulator";
    const missing = isSimulator ? [] : [...found].filter(([, model]) => model === undefined).map(([row]) => row);
    return {
      ...place,
      complete,
      models: models.map((model) => {
        const maker = isSimulator ? (infoOf(model.id, overlay)?.provider ?? provider) : provider;
        const { known, context, maxOutput } = factsOf(maker, model.id, overlay);
        const limits = { ...(context !== undefined && { context }), ...(maxOutput !== undefined && { maxOutput }) };
        const usedBy = [...found].filter(([, one]) => one === model).map(([row]) => row.name);
        const price = priceOf(maker, model.id, undefined, overlay) ?? null;
        return { ...limits, ...model, usedBy, known, price };
      }),
      missing: missing.map(({ name, model }) => ({
        entry: name,
        model,
        suggestion: nearestId(model, models) ?? null,
      })),
    };
  });
}

export function discoveredLines(places: readonly DiscoveredPlace[], print: Printer): string[] {
  return places.flatMap((place, index) => [...(index === 0 ? [] : [""]), ...placeLines(place, print)]);
}

function placeLines(
  { provider, baseUrl, wire, entries, models, missing = [], complete, error }: DiscoveredPlace,
  print: Printer,
) {
  const { paint } = print;
  const isSimulator = provider === "simulator";
  const where = printableLine(isSimulator ? ` · ${wire} wire` : ` · ${baseUrl}`);
  if (error !== undefined || models === undefined) {
    const mark = error?.status === "cannot-be-asked" ? paint.yellow("!") : paint.red("✗");
    const whose = entries.length === 0 ? "" : ` (${entries.join(", ")})`;
    return [
      `${paint.bold(printableLine(provider))}${where}`,
      `  ${mark} ${OUTCOME[error?.status ?? "not-reached"]}${printableLine(`${whose}: ${error?.message ?? ""}`)}`,
    ];
  }
  const title = `${paint.bold(printableLine(provider))}${where} · ${plural(models.length, "model")}${isSimulator ? ", and any other id" : ""}`;
  const rows = models.map((model) => [
    model.usedBy.length > 0 ? paint.bold(printableLine(model.id)) : printableLine(model.id),
    ...[model.context, model.maxOutput].map((tokens) => (tokens === undefined ? "?" : shortCount(tokens))),
    model.known ? (model.price === null ? "known" : perMillion(model.price)) : paint.yellow("unknown"),
    `${paint.green(printableLine(model.usedBy.join(", ")))}${model.retiresOn === undefined ? "" : paint.dim(printableLine(` retires ${model.retiresOn}`))}`.trim(),
  ]);
  const head = ["model", "context", "output", "catalog", "used by"];
  return [title, ...columns(head, rows, print), ...missing.map((one) => missingLine(one, complete === true, print))];
}

const OUTCOME: Readonly<Record<OnlineStatus, string>> = {
  ok: "ok",
  "not-listed": "not in its list",
  "no-such-model": "no such model",
  "key-refused": "the key is refused",
  "cannot-be-asked": "cannot be asked",
  "unexpected-answer": "unexpected answer",
  "not-reached": "not reached",
  "not-asked": "not asked",
};

function missingLine(
  { entry, model, suggestion }: NonNullable<DiscoveredPlace["missing"]>[number],
  complete: boolean,
  { paint }: Printer,
): string {
  const what = complete ? "is not in this list" : "is not in this list, which may be incomplete";
  return `  ${paint.yellow("!")} ${printableLine(`${entry}: ${model}`)} ${what}${suggestion === null ? "" : `; did you mean ${paint.green(printableLine(suggestion))}?`}`;
}
