import { checkOptions, invalidOption, type OptionRule, type OptionRules } from "../core/check-options.ts";
import {
  LEDGER_FIELDS,
  LEDGER_GROUPS,
  type Ledger,
  type LedgerField,
  type LedgerGroup,
  type LedgerQuery,
  type LedgerSum,
} from "../core/ledger.ts";

const isTime = (value: unknown) => Number.isFinite(value instanceof Date ? value.getTime() : value);
const TIME: OptionRule = { is: "a Date, or milliseconds since 1970", accepts: isTime };
const QUERY_RULES: OptionRules<LedgerQuery> = {
  by: {
    is: `an array of ${LEDGER_GROUPS.join(", ")}`,
    accepts: (by) => Array.isArray(by) && by.every((group) => LEDGER_GROUPS.includes(group as LedgerGroup)),
  },
  since: TIME,
  until: TIME,
  where: {
    is: `an object with strings for ${LEDGER_FIELDS.join(", ")}`,
    accepts: (where) => typeof where === "object" && where !== null && Object.entries(where).every(isCondition),
  },
};

function isCondition([field, value]: [string, unknown]): boolean {
  return LEDGER_FIELDS.includes(field as LedgerField) && (value === undefined || typeof value === "string");
}

function isoOf(time: Date | number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

/** Reads the rows of `[ledger]`. */
export class LedgerReader {
  readonly #ledger: Ledger | undefined;

  constructor(ledger: Ledger | undefined) {
    this.#ledger = ledger;
  }

  /**
   * Sums of attempts, in the order of their groups; without `by`, one total. Includes all calls that ended before.
   * @throws ModelError `invalid_request` for an invalid question or without a `[ledger]` table; `state_unavailable` if the
   *   database cannot be read.
   */
  async query(question: LedgerQuery = {}): Promise<readonly LedgerSum[]> {
    checkOptions(question, QUERY_RULES, "ledger.query");
    if (this.#ledger === undefined)
      throw invalidOption("ledger.query: no ledger is configured; add a [ledger] table to models.toml");
    const { since, until } = question;
    if (since !== undefined && until !== undefined && Number(since) > Number(until))
      throw invalidOption(`ledger.query: since (${isoOf(since)}) is after until (${isoOf(until)})`);
    return this.#ledger.query(question);
  }

  /**
   * Writes the rows of all calls that ended before.
   * @throws ModelError `state_unavailable` if they cannot be written.
   */
  async flush(): Promise<void> {
    await this.#ledger?.flush();
  }
}
