import type { ModelRow } from "./model-row.ts";

/** Facts about a family of models that the data packages do not have; used when the model table is generated. */
export interface FactRule {
  readonly providers: readonly string[];
  readonly ids: RegExp;
  /** `can`, `cannot` and `lacks` are added to those of earlier rules; other fields replace them. */
  readonly facts: Omit<ModelRow, "id">;
  readonly source: string;
}
