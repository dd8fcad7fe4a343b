import type { AdmitRequest, Settlement } from "../core/store.ts";

/**
 * Admissions that were not confirmed in time. The store may have applied them, or may still do so, therefore each is settled
 * to 0 until the store confirms that.
 */
export class Abandoned {
  readonly #settle: (settlement: Settlement) => Promise<unknown>;
  readonly #settlements = new Map<string, Settlement>();
  #isSettling = false;

  constructor(settle: (settlement: Settlement) => Promise<unknown>) {
    this.#settle = settle;
  }

  add({ id, claims, probe = false }: AdmitRequest): void {
    if (!probe) this.#settlements.set(id, { id, claims: claims.map((claim) => ({ claim, used: 0n })) });
  }

  /** Call it whenever the store can be reached. It never rejects. */
  async settle(): Promise<void> {
    if (this.#isSettling || this.#settlements.size === 0) return;
    this.#isSettling = true;
    try {
      for (const settlement of this.#settlements.values()) {
        await this.#settle(settlement);
        this.#settlements.delete(settlement.id);
      }
    } catch {
      // The store cannot be reached; a later call goes on.
    } finally {
      this.#isSettling = false;
    }
  }
}
