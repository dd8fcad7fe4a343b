import type { View } from "./view.ts";

/** The names that references may use. Those of discovered models are accepted, but not listed. */
export class ReferableNames extends Set<string> {
  readonly #views: readonly View[];

  constructor(...views: readonly View[]) {
    super(views.flatMap((view) => view.allNames()));
    this.#views = views;
  }

  override has(name: string): boolean {
    return super.has(name) || this.#views.some((view) => view.discovered(name) !== undefined);
  }
}
