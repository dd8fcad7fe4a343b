/** Looks up an untrusted name in a table, without inherited properties such as `constructor`. */
export function own<Row>(table: Readonly<Record<string, Row>>, name: string): Row | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Sets a property by an untrusted name; plain assignment to `__proto__` would change the prototype. */
export function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__")
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else target[name] = value;
}

/** The exports of a CommonJS package that was imported dynamically: some bundlers put all of them into `default`. */
export function commonJsExports<Package extends object>(loaded: Package, name: keyof Package): Package {
  return name in loaded ? loaded : (loaded as { readonly default: Package }).default;
}
