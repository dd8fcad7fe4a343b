type Tree = { [key: string]: unknown };

/** Arguments that arrive value by value, each with its JSON path. */
export class PartialArguments {
  readonly #root: Tree = Object.create(null) as Tree;

  /** False for an invalid path. */
  add(row: Readonly<Record<string, unknown>>): boolean {
    const path = typeof row["jsonPath"] === "string" ? readPath(row["jsonPath"]) : undefined;
    if (path === undefined) return false;
    return place(this.#root, path, valueIn(row));
  }

  toJson(): string {
    return JSON.stringify(this.#root);
  }
}

function valueIn(row: Readonly<Record<string, unknown>>): unknown {
  return row["stringValue"] ?? row["numberValue"] ?? row["boolValue"] ?? null;
}

const STEP = /\.([^.[\]]+)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]/y;

/** Reads `$.rows[0].name`. */
function readPath(text: string): (string | number)[] | undefined {
  if (!text.startsWith("$")) return undefined;
  const steps: (string | number)[] = [];
  for (let at = 1; at < text.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    if (match === null) return undefined;
    steps.push(match[2] === undefined ? (match[1] ?? match[3] ?? match[4] ?? "") : Number(match[2]));
  }
  return steps.length > 0 ? steps : undefined;
}

function place(root: Tree, path: readonly (string | number)[], value: unknown): boolean {
  let node: Tree | unknown[] = root;
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1;
    const before = read(node, step);
    if (last) return write(node, step, join(before, value));
    const next: unknown = before ?? (typeof path[depth + 1] === "number" ? [] : Object.create(null));
    if (typeof next !== "object" || next === null || !write(node, step, next)) return false;
    node = next as Tree | unknown[];
  }
  return false;
}

function read(node: Tree | unknown[], step: string | number): unknown {
  return (node as Tree)[step as string];
}

/** An array grows by one element at a time, so a wrong index cannot make it huge. */
function write(node: Tree | unknown[], step: string | number, value: unknown): boolean {
  if (Array.isArray(node)) {
    if (typeof step !== "number" || step > node.length) return false;
    node[step] = value;
  } else node[step] = value;
  return true;
}

/** Strings arrive in chunks, every other value complete. */
function join(before: unknown, value: unknown): unknown {
  return typeof before === "string" && typeof value === "string" ? before + value : value;
}
