import { own } from "../../core/own.ts";
import type { Fields } from "./fields.ts";
import { refuseRouting } from "./other-model.ts";

/**
 * What happens to a part of a client's request. carried: every target gets it, in its own form. same wire: only targets of the
 * client's wire format get it. refused: a 400 that names it. ignored: it has no meaning for a gateway.
 */
export type Mark = "carried" | "same wire" | "refused" | "ignored";

export type Marks = Readonly<Record<string, Mark>>;

/** The marks of a wire format: each name that its SDK has. */
export interface WireMarks {
  /** Fields of the body. */
  readonly fields: Marks;
  /** Kinds of tools. */
  readonly tools: Marks;
  /** Kinds of items or content blocks. */
  readonly content: Marks;
}

/** The mark of a name; one that the SDK does not have yet is passed on like others that only this wire format has. */
export function markOf(marks: Marks, name: string): Mark {
  return own(marks, name) ?? "same wire";
}

/** Refuses and ignores fields; `false` asks for nothing that could be refused. */
export function applyMarks(body: Fields, marks: Marks): void {
  refuseRouting(body, marks);
  for (const [name, mark] of Object.entries(marks)) {
    if (mark === "carried" || mark === "same wire") continue;
    const value = body.take(name);
    if (mark === "refused" && value !== undefined && value !== false)
      body.refuse(
        "it refers to what the provider stores, to another model or to another account, and is not supported here",
        name,
      );
  }
}
