/**
 * Methods that still know their object when they are taken out of it: `const { codegen } = model`. Not enumerable, so that
 * nothing else about the object changes.
 */
export function bindMethods<T extends object>(object: T, owner: { readonly prototype: object }): void {
  for (const name of Object.getOwnPropertyNames(owner.prototype)) {
    if (name === "constructor" || !("value" in (Object.getOwnPropertyDescriptor(owner.prototype, name) ?? {})))
      continue;
    // Of a subclass, its own version.
    const method = (object as Record<string, unknown>)[name];
    if (typeof method !== "function") continue;
    Object.defineProperty(object, name, { value: method.bind(object), writable: true, configurable: true });
  }
}
