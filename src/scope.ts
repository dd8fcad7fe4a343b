import { checkOptionNames, invalidOption } from "./option-names.ts";

/** Whom something works for, from the widest to the narrowest. Names are yours. */
export interface Scope {
  readonly org: string;
  readonly guild?: string | undefined;
  /** An agent of the guild. */
  readonly agent?: string | undefined;
}

const LEVELS = ["org", "guild", "agent"] as const satisfies readonly (keyof Scope)[];

/**
 * The scope and those around it, the widest first: `["acme", "acme/docs", "acme/docs/writer"]`. A slash in a name is `%2F`.
 * @throws ModelError `invalid_request` for a scope with a gap or a name that is no text.
 */
export function scopePath(scope: Scope): readonly string[] {
  checkOptionNames(scope, LEVELS, "scope");
  const names = LEVELS.map((level) => scope[level]);
  const depth = names.findLastIndex((name) => name !== undefined) + 1;
  if (depth === 0) throw invalidOption("scope.org is missing");
  const spelled = names.slice(0, depth).map((name, at) => spelledName(name, LEVELS[at] as keyof Scope));
  return spelled.map((_, at) => spelled.slice(0, at + 1).join("/"));
}

function spelledName(name: unknown, level: keyof Scope): string {
  if (name === undefined) throw invalidOption(`scope.${level} is missing: what is inside it was given`);
  if (typeof name !== "string" || name.trim() === "") throw invalidOption(`scope.${level} must be a text`);
  return name.replaceAll("%", "%25").replaceAll("/", "%2F");
}
