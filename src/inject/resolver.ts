import type { Scope } from "../index.ts";
import type { Guard } from "./guard.ts";

/**
 * Another dependency of the same scope.
 * @throws ConfigError when there is none of this name, when it leads back to who asks, or when `guard` refuses it.
 */
export interface Inject {
  <T>(name: string, guard: Guard<T>): Promise<T>;
  (name: string): Promise<unknown>;
}

/** What a resolver is given beside its properties. */
export interface ResolverContext {
  /** The name it is resolved under. */
  readonly name: string;
  readonly scope: Scope | undefined;
  readonly inject: Inject;
}

/** Makes a dependency: what `export` of a DependencySpec names. Called once for each scope. */
export type Resolver<T = unknown> = (
  properties: Readonly<Record<string, unknown>>,
  context: ResolverContext,
) => T | Promise<T>;
