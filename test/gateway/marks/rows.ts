import type { Mark, WireMarks } from "../../../src/dialects/served/marks.ts";
import type { Wire } from "../../harness/wires.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A request with one name of a table, and what the upstream of the same wire format gets. */
export interface Row {
  readonly body: Json;
  /** A part of the body of the upstream. Default: what was sent. */
  readonly upstream?: Json;
  /** Words that the upstream of another wire format gets too, if the name is carried. */
  readonly words?: string;
  /** Another wire format has no place for it, and content is never left out. */
  readonly isMedia?: true;
}

/** A row for every name, so that a name without one does not compile. */
export interface WireRows<Marks extends WireMarks> {
  readonly marks: Marks;
  readonly path: (model: string) => string;
  /** A request without any of the names. */
  readonly base: (model: string) => Json;
  /** An entry of another wire format. */
  readonly other: Wire;
  readonly fields: Readonly<Record<keyof Marks["fields"], Row>>;
  readonly tools: Readonly<Record<keyof Marks["tools"], Row>>;
  readonly content: Readonly<Record<keyof Marks["content"], Row>>;
}

export function rowsOf<Marks extends WireMarks>(rows: WireRows<Marks>): WireRows<Marks> {
  return rows;
}

export interface NamedRow extends Row {
  readonly kind: "fields" | "tools" | "content";
  readonly name: string;
  readonly mark: Mark;
}

export function listOf<Marks extends WireMarks>(rows: WireRows<Marks>): readonly NamedRow[] {
  return (["fields", "tools", "content"] as const).flatMap((kind) =>
    Object.entries<Row>(rows[kind]).map(([name, row]) => ({
      ...row,
      kind,
      name,
      mark: rows.marks[kind][name] as Mark,
    })),
  );
}
