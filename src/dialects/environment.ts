/**
 * Creates an SDK client while environment variables with these prefixes are hidden: each SDK reads some that no constructor
 * option overrides (headers, keys it warns about). Constructors are synchronous, so no other code runs meanwhile.
 */
export function withoutVariables<T>(prefixes: readonly string[], create: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)));
  for (const [name] of hidden) delete process.env[name];
  try {
    return create();
  } finally {
    for (const [name, value] of hidden) process.env[name] = value;
  }
}
