/** A model as its provider's own list describes it; what the list does not say is absent. */
export interface OfferedModel {
  /** The id a model entry gives as `name`. */
  readonly id: string;
  readonly displayName?: string;
  /** Tokens of prompt and answer together. */
  readonly context?: number;
  /** Most tokens of an answer. */
  readonly maxOutput?: number;
  /** Day it came out, ISO date. */
  readonly created?: string;
  /** Last day of service, ISO date, where announced. */
  readonly retiresOn?: string;
}
