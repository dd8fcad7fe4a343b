/**
 * Binds the methods of an object, so that `const { codegen } = model` works. The bound methods are not enumerable, so that
 * the object's enumerable properties do not change.
 */
export function bindMethods<T extends object>(object: T, owner: { readonly prototype: object }): void {
  for (const name of Object.getOwnPropertyNames(owner.prototype)) {
    if (name === "constructor" || !("value" in (Object.getOwnPropertyDescriptor(owner.prototype, name) ?? {})))
      continue;
    // For a subclass, its override.
    const method = (object as Record<string, unknown>)[name];
    if (typeof method !== "function") continue;
    Object.defineProperty(object, name, { value: method.bind(object), writable: true, configurable: true });
  }
}
