import * as z from "zod";
import { ANYTHING, checkOptions, type OptionRules, TABLE } from "../core/check-options.ts";
import { hasKeys } from "../core/echo.ts";
import { scopePath } from "../core/scope.ts";
import { withoutKeys } from "../core/secret.ts";
import { nearest } from "../core/suggest.ts";
import { ConfigError, type ConfigProblem, isModelError, type Scope } from "../index.ts";
import { type Guard, refusal } from "./guard.ts";
import { resolveModel } from "./resolve-model.ts";
import type { Inject, Resolver } from "./resolver.ts";

/** How to create a dependency, as data. */
export interface DependencySpec {
  /** A name in `modules`, never an import path. */
  readonly module: string;
  /** The resolver: an export of the module. */
  readonly export: string;
  /** Passed to the resolver. Default `{}`. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** A module, or a function that loads it on first use: `() => import("./search.ts")`. */
export type ModuleSource = object | (() => Promise<object>);

export interface ContainerOptions {
  /** The dependencies by name, for example from a JSON file. */
  readonly specs: Readonly<Record<string, DependencySpec>>;
  /** The modules that specs may use. `modelwright/inject` is always included. */
  readonly modules?: Readonly<Record<string, ModuleSource>> | undefined;
  /** Existing values, the same in every scope. */
  readonly values?: Readonly<Record<string, unknown>> | undefined;
}

/** Specs are data: their mistakes are those of a configuration. */
const RULES: OptionRules<ContainerOptions> = { specs: ANYTHING, modules: TABLE, values: TABLE };

const specSchema = z.strictObject({
  module: z.string().min(1),
  export: z.string().min(1),
  properties: z.record(z.string(), z.unknown()).default({}),
});
type Spec = z.infer<typeof specSchema>;

/** A dependency of a scope, pending or resolved, and the dependencies that its resolver waits for. */
interface Made {
  readonly name: string;
  readonly waitsFor: Set<Made>;
  value: Promise<unknown>;
}

/** Creates dependencies by name from data: each once per scope, on first use. */
export class Container {
  readonly #specs = new Map<string, Spec>();
  readonly #modules: ReadonlyMap<string, ModuleSource>;
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #made = new Map<string, Made>();

  /**
   * Validates the specs; loads no module.
   * @throws ConfigError with every error in the specs, including modules that are not allowed.
   */
  constructor(options: ContainerOptions) {
    checkOptions(options, RULES, "Container");
    const { specs, modules = {}, values = {} } = options;
    this.#modules = new Map<string, ModuleSource>([
      ["modelwright/inject", { resolveModel }],
      ...Object.entries(modules),
    ]);
    this.#values = new Map(Object.entries(values));
    if (typeof specs !== "object" || specs === null || Array.isArray(specs))
      throw failed("specs", "specs must be an object with a spec for each dependency");
    const problems = Object.entries(specs).flatMap(([name, spec]) => this.#take(name, spec));
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /**
   * The dependency of a name: the same object for the same scope. A failed one is tried again by the next call.
   * @throws ConfigError for an unknown name, a module without that export, a cycle (with its path), a resolver that fails, or a
   * value that `guard` rejects; a ModelError from a resolver is rethrown.
   */
  resolve<T>(name: string, scope: Scope | undefined, guard: Guard<T>): Promise<T>;
  resolve(name: string, scope?: Scope): Promise<unknown>;
  async resolve(name: string, scope?: Scope, guard?: Guard<unknown>): Promise<unknown> {
    return checked(await this.#get(name, scope), `resolve("${name}")`, name, guard);
  }

  #take(name: string, given: unknown): readonly ConfigProblem[] {
    const read = specSchema.safeParse(given);
    if (!read.success)
      return read.error.issues.map(({ path, message }) =>
        problem([name, ...path].join("."), `dependency "${name}": ${[...path, message].join(": ")}`),
      );
    const { module } = read.data;
    this.#specs.set(name, read.data);
    if (this.#values.has(name)) return [problem(name, `dependency "${name}" is both a spec and a value`)];
    if (this.#modules.has(module)) return [];
    const allowed = [...this.#modules.keys()];
    const words = `dependency "${name}": the module "${module}" is not allowed; allowed modules: ${allowed.join(", ")}`;
    return [problem(`${name}.module`, words, nearest(module, allowed))];
  }

  async #get(name: string, scope: Scope | undefined, asking?: Made): Promise<unknown> {
    if (this.#values.has(name)) return this.#values.get(name);
    const spec = this.#specs.get(name);
    if (spec === undefined) throw this.#unknown(name, asking);
    const key = JSON.stringify([name, scope === undefined ? undefined : scopePath(scope).at(-1)]);
    const made = this.#made.get(key) ?? this.#begin(key, name, spec, scope);
    if (asking === undefined) return made.value;
    const way = wayBetween(made, asking);
    if (way !== undefined) throw failed(asking.name, `dependency cycle: ${[...way, made.name].join(" -> ")}`);
    asking.waitsFor.add(made);
    try {
      return await made.value;
    } finally {
      asking.waitsFor.delete(made);
    }
  }

  #begin(key: string, name: string, spec: Spec, scope: Scope | undefined): Made {
    const made: Made = { name, waitsFor: new Set(), value: Promise.resolve() };
    made.value = this.#make(made, spec, scope);
    made.value.catch(() => this.#made.delete(key));
    this.#made.set(key, made);
    return made;
  }

  async #make(made: Made, spec: Spec, scope: Scope | undefined): Promise<unknown> {
    const { name } = made;
    const inject: Inject = async (other: string, guard?: Guard<unknown>) =>
      checked(await this.#get(other, scope, made), `${name}: inject("${other}")`, name, guard) as never;
    const source = `"${spec.export}" of "${spec.module}"`;
    try {
      const resolver = await this.#resolver(name, spec);
      return await resolver(spec.properties, { name, scope, inject });
    } catch (error) {
      if (error instanceof ConfigError || isModelError(error)) throw error;
      throw failed(name, `dependency "${name}": ${source} failed: ${wordsOf(error)}`, error);
    }
  }

  async #resolver(name: string, spec: Spec): Promise<Resolver> {
    const source = this.#modules.get(spec.module) as ModuleSource;
    const module: object = typeof source === "function" ? await source() : source;
    const found: unknown = Object.hasOwn(module, spec.export) ? Reflect.get(module, spec.export) : undefined;
    if (typeof found === "function") return found as Resolver;
    const functions = Object.keys(module).filter((key) => typeof Reflect.get(module, key) === "function");
    const words = found === undefined ? "has no export" : "has a non-function export";
    const message = `dependency "${name}": the module "${spec.module}" ${words} "${spec.export}"`;
    throw new ConfigError([problem(`${name}.export`, message, nearest(spec.export, functions))]);
  }

  #unknown(name: string, asking: Made | undefined): ConfigError {
    const names = [...this.#specs.keys(), ...this.#values.keys()];
    const by = asking === undefined ? "" : `${asking.name}: `;
    const words = `${by}unknown dependency "${name}"; known dependencies: ${names.join(", ") || "none"}`;
    return new ConfigError([problem(asking?.name ?? "", words, nearest(name, names))]);
  }
}

/** The path from one dependency to another that it waits for, directly or indirectly. */
function wayBetween(from: Made, to: Made): readonly string[] | undefined {
  if (from === to) return [to.name];
  for (const next of from.waitsFor) {
    const way = wayBetween(next, to);
    if (way !== undefined) return [from.name, ...way];
  }
  return undefined;
}

function checked(value: unknown, by: string, path: string, guard: Guard<unknown> | undefined): unknown {
  const why = guard && refusal(value, guard);
  if (why !== undefined) throw failed(path, `${by} ${why}`);
  return value;
}

function wordsOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return error.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
  return withoutKeys(error instanceof Error ? error.message : String(error));
}

function failed(path: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError([problem(path, message)], cause === undefined || hasKeys(cause) ? undefined : { cause });
}

function problem(path: string, message: string, suggestion?: string): ConfigProblem {
  return { file: undefined, line: 0, column: 0, path, message, ...(suggestion !== undefined && { suggestion }) };
}
