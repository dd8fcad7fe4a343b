import type { View } from "./view.ts";

/** The names that references may use. Those of discovered models are accepted, but not listed. */
export function referableNames(...views: readonly View[]): ReadonlySet<string> {
  const names = views.flatMap((view) => view.allNames());
  const discovering = views.filter((view) => view.discovering.length > 0);
  return discovering.length === 0 ? new Set(names) : new NamesAndDiscovered(names, discovering);
}

class NamesAndDiscovered extends Set<string> {
  readonly #views: readonly View[];

  constructor(names: readonly string[], views: readonly View[]) {
    super(names);
    this.#views = views;
  }

  override has(name: string): boolean {
    return super.has(name) || this.#views.some((view) => view.discovered(name) !== undefined);
  }
}
