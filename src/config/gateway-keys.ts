import type { Budget, RateRule } from "../core/budget.ts";
import { deepFreeze } from "../core/deep-freeze.ts";
import { Secret } from "../core/secret.ts";
import { budgetOf, rateRuleOf } from "./money-sections.ts";
import type { Path } from "./positions.ts";
import { isReference } from "./references.ts";
import { isGatewayKey } from "./schema-gateway.ts";
import { isTable, type Table } from "./table.ts";
import type { View } from "./view.ts";

/** `[gateway.keys.NAME]` with defaults. */
export interface GatewayKey {
  readonly name: string;
  readonly key: Secret;
  /** Names that it may use; absent: all. */
  readonly models: readonly string[] | undefined;
  readonly user: string | undefined;
  readonly tags: readonly string[];
  /** Milliseconds since 1970 from which it is refused. */
  readonly expiresAtMs: number;
}

export function gatewayKeyOf(name: string, { key, models, user, tags = [], expires }: Table): GatewayKey {
  const expiresAtMs = expires instanceof Date ? Date.parse(expires.toISOString()) : Number.POSITIVE_INFINITY;
  return deepFreeze({ name, key: new Secret(String(key)), models, user, tags, expiresAtMs }) as unknown as GatewayKey;
}

/** The written keys, without resolved references: programs that are no gateway need not have them. */
export type WrittenKeys = Readonly<Record<string, Table>>;

export function writtenKeys(view: View): WrittenKeys {
  const tables = view.tablesAt(["gateway", "keys"], "entry");
  const names = [...new Set(tables.flatMap(({ table }) => Object.keys(table)))];
  return Object.fromEntries(names.map((name) => [name, mergedAt(view, ["gateway", "keys", name])]));
}

/** The tables at a path as one, without resolved references. */
export function mergedAt(view: View, path: Path): Table {
  return Object.assign({}, ...view.tablesAt(path, "entry").map(({ table }) => table)) as Table;
}

/** What is wrong with the resolved keys; a reference that has no value is reported elsewhere. */
export function keyProblems(keys: WrittenKeys): readonly { readonly name: string; readonly problem: string }[] {
  const holders = new Map<unknown, string>();
  return Object.entries(keys).flatMap(([name, { key }]) => {
    const holder = holders.get(key);
    holders.set(key, name);
    if (holder !== undefined) return [{ name, problem: `the keys of "${holder}" and "${name}" are equal` }];
    const value = String(key);
    if (isReference(value) || isGatewayKey(value)) return [];
    return [{ name, problem: `the key of "${name}" must have at least 16 visible characters` }];
  });
}

/** The budgets that keys have for themselves, and those that they are charged to as well. */
export function keyBudgets(
  keys: WrittenKeys,
  named: readonly Budget[],
  modelsOf: (name: string) => readonly string[],
): readonly Budget[] {
  const own = Object.entries(keys).flatMap(([name, { budget, models }]) => {
    if (!isTable(budget)) return [];
    const entries = Array.isArray(models) ? models.flatMap((model) => modelsOf(String(model))) : undefined;
    const path = ["gateway", "keys", name, "budget"];
    return [{ ...budgetOf(ruleName(name), [budget], none), path, entries, match: { gatewayKeys: [name] } }];
  });
  const shared = named.map((budget) => {
    const members = Object.keys(keys).filter((name) => keys[name]?.budget === budget.name);
    return members.length === 0 ? budget : deepFreeze({ ...budget, alsoFor: members });
  });
  return [...shared, ...own.map((budget) => deepFreeze(budget))];
}

export function keyRateLimits(keys: WrittenKeys): readonly RateRule[] {
  return Object.entries(keys).flatMap(([name, { rate_limit: limit }]) =>
    isTable(limit)
      ? [deepFreeze({ ...rateRuleOf(ruleName(name), [limit], none), match: { gatewayKeys: [name] } })]
      : [],
  );
}

/** As budgets and limits of keys are shown. */
const ruleName = (key: string) => `gateway.keys.${key}`;

const none = () => [];
