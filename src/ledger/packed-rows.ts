import type { LedgerRow } from "../core/ledger.ts";
import { COLUMN_NAMES, COLUMNS, chargesOf, cleanText, type StoredCharge, type StoredRow } from "./row-columns.ts";
import type { PackedCells, SqlValue } from "./sqlite-worker.ts";

/** Kinds of cells, as in PackedCells; 0 is null. */
const NUMBER = 1;
const TEXT = 2;
const DIGITS = 3;

const FIRST_CELLS = 1_024;
const VALUES = COLUMN_NAMES.map((name) => COLUMNS[name].value);
/** The values of a row: the last one is the process that must end it. */
const WIDTH = VALUES.length + 1;

/**
 * Rows in the form that is cheapest to keep and to copy to another thread. Rows live until their transaction: as objects, the
 * garbage collector would copy each of them twice, which costs more than all else about a row.
 */
export class PackedRows {
  #cells = new Float64Array(FIRST_CELLS);
  #kinds = new Uint8Array(FIRST_CELLS);
  #used = 0;
  #size = 0;
  readonly #texts: string[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#size;
  }

  /** `owner` is the process that must end the row; none if it is final. */
  add(row: LedgerRow, owner: string | null = null): void {
    const charges = chargesOf(row);
    this.#makeRoom(WIDTH + 1 + charges.length * 3);
    this.#putNumber(charges.length);
    for (const value of VALUES) this.#put(value(row));
    this.#put(owner);
    for (const { family, member, amount } of charges) {
      this.#put(family);
      this.#put(member);
      this.#put(amount);
    }
    this.#size += 1;
  }

  /** For the worker. */
  cells(): PackedCells {
    const [cells, kinds] = [this.#cells.slice(0, this.#used), this.#kinds.slice(0, this.#used)];
    return { size: this.#size, width: WIDTH, cells, kinds, texts: this.#texts };
  }

  rows(): readonly StoredRow[] {
    let at = 0;
    return Array.from({ length: this.#size }, () => {
      const count = this.#cells[at] as number;
      const values = Array.from({ length: WIDTH }, (_, column) => this.#valueAt(at + 1 + column));
      at += WIDTH + 1;
      const charges = Array.from({ length: count }, (_, index) => this.#chargeAt(at + index * 3));
      at += count * 3;
      return { values, charges };
    });
  }

  #chargeAt(at: number): StoredCharge {
    const [family, member, amount] = [at, at + 1, at + 2].map((place) => this.#valueAt(place));
    return { family: String(family), member: String(member), amount: BigInt(amount ?? 0) };
  }

  #valueAt(at: number): SqlValue {
    const cell = this.#cells[at] as number;
    switch (this.#kinds[at]) {
      case NUMBER:
        return cell;
      case TEXT:
        return this.#texts[cell] as string;
      case DIGITS:
        return BigInt(this.#texts[cell] as string);
      default:
        return null;
    }
  }

  #makeRoom(more: number): void {
    const needed = this.#used + more;
    if (needed <= this.#cells.length) return;
    const [cells, kinds] = [this.#cells, this.#kinds];
    this.#cells = new Float64Array(needed * 2);
    this.#kinds = new Uint8Array(needed * 2);
    this.#cells.set(cells);
    this.#kinds.set(kinds);
  }

  #put(value: SqlValue | undefined): void {
    if (value === null || value === undefined) this.#used += 1;
    else if (typeof value === "number") this.#putNumber(value);
    else if (typeof value === "string") this.#putText(value, TEXT);
    else if (value <= MOST && value >= -MOST) this.#putNumber(Number(value));
    else this.#putText(String(value), DIGITS);
  }

  #putNumber(value: number): void {
    this.#cells[this.#used] = value;
    this.#kinds[this.#used] = NUMBER;
    this.#used += 1;
  }

  /** Most texts are the same in all rows, so each one is kept once. */
  #putText(text: string, kind: typeof TEXT | typeof DIGITS): void {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.#texts.push(cleanText(text)) - 1;
      this.#places.set(text, place);
    }
    this.#cells[this.#used] = place;
    this.#kinds[this.#used] = kind;
    this.#used += 1;
  }
}

/** Larger integers are no exact numbers. */
const MOST = BigInt(Number.MAX_SAFE_INTEGER);

export function packedRows(rows: readonly LedgerRow[], owner: string): PackedRows {
  const packed = new PackedRows();
  for (const row of rows) packed.add(row, row.outcome === "open" ? owner : null);
  return packed;
}

export function storedRows(
  rows: readonly LedgerRow[],
  packed: PackedRows | undefined,
  owner: string,
): readonly StoredRow[] {
  return [...packedRows(rows, owner).rows(), ...(packed?.rows() ?? [])];
}
