import type { ModelRow } from "./model-row.ts";

/** What holds for a family of models and is in neither data package; read when the table of models is generated. */
export interface FactRule {
  readonly providers: readonly string[];
  readonly ids: RegExp;
  /** `can`, `cannot` and `lacks` are added to what earlier rules said; everything else replaces it. */
  readonly facts: Omit<ModelRow, "id">;
  readonly source: string;
}
