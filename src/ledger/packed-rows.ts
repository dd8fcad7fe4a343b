import type { LedgerRow } from "../core/ledger.ts";
import { MAX_LIMIT } from "../core/store.ts";
import { COLUMN_NAMES, COLUMNS, cleanText, type StoredCharge, type StoredRow } from "./row-columns.ts";
import type { PackedCells, SqlValue } from "./sqlite-worker.ts";

/** Kinds of cells, as in PackedCells; 0 is null. */
const NUMBER = 1;
const TEXT = 2;
const DIGITS = 3;

const FIRST_CELLS = 1_024;
const VALUES = COLUMN_NAMES.map((name) => COLUMNS[name].value);
type Value = (typeof VALUES)[number];
/** The last value of a row is the process that must end it. */
const OWNER = VALUES.length;
const WIDTH = OWNER + 1;
/** Cells of charges, behind those of the row. */
const [FAMILY, MEMBER, AMOUNT] = [WIDTH, WIDTH + 1, WIDTH + 2];
const CELLS_OF_CHARGE = 3;

/**
 * Rows in the form that is cheapest to keep and to copy to another thread. Rows live until their transaction: as objects, the
 * garbage collector would copy each of them, which took about a third of the cost of a row.
 */
export class PackedRows {
  #cells: Float64Array;
  #kinds: Uint8Array;
  #used = 0;
  #size = 0;
  readonly #texts: string[] = [];
  readonly #places = new Map<string, number>();
  readonly #lastTexts: (string | undefined)[] = Array(AMOUNT + 1).fill(undefined);
  readonly #lastPlaces: number[] = Array(AMOUNT + 1).fill(0);

  /** With room for about as much as other rows `used`. */
  constructor(used = 0) {
    this.#cells = new Float64Array(Math.max(used, FIRST_CELLS));
    this.#kinds = new Uint8Array(this.#cells.length);
  }

  get size(): number {
    return this.#size;
  }

  /** Of the arrays. */
  get used(): number {
    return this.#used;
  }

  /** `owner` is the process that must end the row; none if it is final. */
  add(row: LedgerRow, owner: string | null = null): void {
    const { callId, budgets } = row;
    this.#makeRoom(1 + WIDTH + budgets.length * CELLS_OF_CHARGE);
    this.#putCell(NUMBER, budgets.length);
    // No other row has it, so it is not searched for.
    const idPlace = this.#texts.push(cleanText(callId)) - 1;
    for (let column = 0; column < VALUES.length; column++) {
      const value = (VALUES[column] as Value)(row);
      if (value === callId) this.#putCell(TEXT, idPlace);
      else this.#put(value, column);
    }
    this.#put(owner, OWNER);
    for (const { family, member, amount } of budgets) {
      this.#put(family, FAMILY);
      this.#put(member, MEMBER);
      this.#put(limited(amount), AMOUNT);
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
      const charges = Array.from({ length: count }, (_, index) => this.#chargeAt(at + index * CELLS_OF_CHARGE));
      at += count * CELLS_OF_CHARGE;
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

  #put(value: SqlValue | undefined, column: number): void {
    if (value === null || value === undefined) this.#used += 1;
    else if (typeof value === "number") this.#putCell(NUMBER, value);
    else if (typeof value === "string") this.#putCell(TEXT, this.#placeOf(value, column));
    else this.#putInteger(value, column);
  }

  #putInteger(value: bigint, column: number): void {
    const number = Number(value);
    if (Number.isSafeInteger(number)) this.#putCell(NUMBER, number);
    else this.#putCell(DIGITS, this.#placeOf(String(value), column));
  }

  #putCell(kind: number, cell: number): void {
    this.#cells[this.#used] = cell;
    this.#kinds[this.#used] = kind;
    this.#used += 1;
  }

  /** Most columns have few texts, and mostly that of the row before. */
  #placeOf(text: string, column: number): number {
    if (text === this.#lastTexts[column]) return this.#lastPlaces[column] as number;
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.#texts.push(cleanText(text)) - 1;
      this.#places.set(text, place);
    }
    this.#lastTexts[column] = text;
    this.#lastPlaces[column] = place;
    return place;
  }
}

/** What databases can add. */
function limited(amount: bigint): bigint {
  if (amount > MAX_LIMIT) return MAX_LIMIT;
  return amount;
}

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
