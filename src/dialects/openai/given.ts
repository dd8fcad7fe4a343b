/** An object without its `undefined` fields: absent settings are not sent. */
export type Given<T> = { [key in keyof T]?: Exclude<T[key], undefined> };

export function given<T extends object>(fields: T): Given<T> {
  const sent: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) sent[name] = value;
  return sent as Given<T>;
}
