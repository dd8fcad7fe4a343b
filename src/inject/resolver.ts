import type { Scope } from "../index.ts";
import type { Guard } from "./guard.ts";

/**
 * Another dependency of the same scope.
 * @throws ConfigError for an unknown name, a cycle, or a value that `guard` rejects.
 */
export interface Inject {
  <T>(name: string, guard: Guard<T>): Promise<T>;
  (name: string): Promise<unknown>;
}

/** The second argument of a resolver. */
export interface ResolverContext {
  /** The name of the dependency. */
  readonly name: string;
  readonly scope: Scope | undefined;
  readonly inject: Inject;
}

/** Creates a dependency: the function that `export` of a DependencySpec names. Called once per scope. */
export type Resolver<T = unknown> = (
  properties: Readonly<Record<string, unknown>>,
  context: ResolverContext,
) => T | Promise<T>;
