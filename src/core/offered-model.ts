/** A model in its provider's list. Fields that the list does not have are absent. */
export interface OfferedModel {
  /** The model id, `name` in a model entry. */
  readonly id: string;
  readonly displayName?: string;
  /** Context window: maximum tokens of prompt and answer. */
  readonly context?: number;
  /** Maximum tokens of an answer. */
  readonly maxOutput?: number;
  /** Release date, ISO format. */
  readonly created?: string;
  /** Last day of service, ISO format, if announced. */
  readonly retiresOn?: string;
}
