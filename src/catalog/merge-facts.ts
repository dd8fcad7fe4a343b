import type { ModelRow } from "./model-row.ts";

/**
 * `over` takes precedence; capabilities are merged individually, unsupported settings are combined, except for those that
 * `over` supports without reasoning.
 */
export function mergeFacts(row: ModelRow, over: Omit<ModelRow, "id">): ModelRow {
  const can = union(without(row.can, over.cannot), over.can);
  const cannot = union(without(row.cannot, over.can), over.cannot);
  const lacks = union(without(row.lacks, over.lacksWithEffort), over.lacks);
  return {
    ...row,
    ...over,
    ...(can.length > 0 && { can }),
    ...(cannot.length > 0 && { cannot }),
    ...(lacks.length > 0 && { lacks }),
  };
}

function without<T>(list: readonly T[] = [], removed: readonly T[] = []): readonly T[] {
  return list.filter((name) => !removed.includes(name));
}

function union<T>(left: readonly T[] = [], right: readonly T[] = []): readonly T[] {
  return [...new Set([...left, ...right])];
}
