import type { ModelRow } from "../model-row.ts";

type Rows = ReadonlyMap<string, readonly ModelRow[]>;

/** What differs between two model tables, a line for each model: `+` added, `-` removed, `~` changed. */
export function tableChanges(before: Rows, after: Rows): string[] {
  const providers = [...new Set([...before.keys(), ...after.keys()])];
  return providers.flatMap((provider) => {
    const old = byId(before.get(provider));
    const current = byId(after.get(provider));
    const ids = [...new Set([...old.keys(), ...current.keys()])].sort();
    return ids.flatMap((id) => {
      const change = rowChange(old.get(id), current.get(id));
      return change === undefined ? [] : [`${change.mark} ${provider} ${id}${change.what && `: ${change.what}`}`];
    });
  });
}

function byId(rows: readonly ModelRow[] = []): ReadonlyMap<string, ModelRow> {
  return new Map(rows.map((row) => [row.id, row]));
}

function rowChange(
  before: ModelRow | undefined,
  after: ModelRow | undefined,
): { readonly mark: "+" | "-" | "~"; readonly what: string } | undefined {
  if (before === undefined) return { mark: "+", what: "" };
  if (after === undefined) return { mark: "-", what: "" };
  const [old, current] = [fieldsOf(before), fieldsOf(after)];
  const names = [...new Set([...old.keys(), ...current.keys()])];
  const changes = names.flatMap((name) => fieldChange(name, old.get(name), current.get(name)));
  return changes.length === 0 ? undefined : { mark: "~", what: changes.join("; ") };
}

/** The fields of a row; those of its price under `price.`. */
function fieldsOf({ price, ...row }: ModelRow): ReadonlyMap<string, unknown> {
  const rates = Object.entries(price ?? {}).map(([name, rate]) => [`price.${name}`, rate] as const);
  return new Map<string, unknown>([...Object.entries(row), ...rates]);
}

function fieldChange(name: string, before: unknown, after: unknown): string[] {
  const text = (value: unknown) => (value === undefined ? "unknown" : JSON.stringify(value));
  if (text(before) === text(after)) return [];
  const [old, current] = [before ?? [], after ?? []];
  if (!(Array.isArray(old) && Array.isArray(current))) return [`${name} ${text(before)} -> ${text(after)}`];
  const added = current.filter((item) => !old.includes(item)).map((item) => `+${item}`);
  const removed = old.filter((item) => !current.includes(item)).map((item) => `-${item}`);
  return added.length + removed.length === 0 ? [] : [`${name} ${[...added, ...removed].join(" ")}`];
}
