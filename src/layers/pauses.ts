import type { Target } from "../core/target.ts";

/** Until when a provider wants to be left alone, by model and credential. One call hears it; all calls of a factory wait. */
export class Pauses {
  readonly #until = new Map<string, number>();
  readonly #ids = new WeakMap<Target, string>();

  note(target: Target, forMs: number, nowMs: number): void {
    const id = this.#idOf(target);
    this.#until.set(id, Math.max(nowMs + forMs, this.#until.get(id) ?? 0));
  }

  /** Milliseconds that are left, 0 when it may be asked. */
  rest(target: Target, nowMs: number): number {
    if (this.#until.size === 0) return 0;
    return Math.max(0, (this.#until.get(this.#idOf(target)) ?? 0) - nowMs);
  }

  #idOf(target: Target): string {
    let id = this.#ids.get(target);
    if (id === undefined) {
      id = JSON.stringify([target.key, ...target.credentials.keys.map((key) => key.reveal())]);
      this.#ids.set(target, id);
    }
    return id;
  }
}
