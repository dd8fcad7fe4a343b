/** Fields of objects of the body of which other fields were read. */
export interface Additions {
  /** They replace encoded ones; elements of arrays are added. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly inner: Readonly<Record<string, Additions>>;
  /** Present if the object means nothing without what was read: it must be encoded, with the same type if there is one. */
  readonly within?: { readonly type?: unknown } | undefined;
}
