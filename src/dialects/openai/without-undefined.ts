/** An object without its `undefined` fields: absent settings are not sent. */
export type Defined<T> = { [key in keyof T]?: Exclude<T[key], undefined> };

export function withoutUndefined<T extends object>(fields: T): Defined<T> {
  const sent: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== undefined) sent[name] = fields[name];
  return sent as Defined<T>;
}
