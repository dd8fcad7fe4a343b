import { ANYTHING, checkOptions, invalidOption, TABLE } from "./check-options.ts";

/** Who a call is made for, from the widest to the narrowest level. You choose the names. */
export interface Scope {
  readonly org: string;
  readonly guild?: string | undefined;
  /** An agent of the guild, or of the org if there is no guild. */
  readonly agent?: string | undefined;
}

const LEVELS = ["org", "guild", "agent"] as const satisfies readonly (keyof Scope)[];
/** Each name is checked where it is written. */
const RULES = { org: ANYTHING, guild: ANYTHING, agent: ANYTHING };

/**
 * The scope and its parents, the widest first: `["acme", "acme/docs", "acme/docs/writer"]`. An agent without a guild is
 * `acme//writer`; a slash in a name is `%2F`.
 * @throws ModelError `invalid_request` for a scope without an org, or a name that is not a string.
 */
export function scopePath(scope: Scope): readonly string[] {
  if (!TABLE.accepts(scope)) throw invalidOption("scope must be an object");
  checkOptions<Scope>(scope, RULES, "scope");
  const names = LEVELS.map((level) => spelledName(scope[level], level));
  return names.flatMap((name, at) => (name === "" ? [] : [names.slice(0, at + 1).join("/")]));
}

function spelledName(name: unknown, level: keyof Scope): string {
  if (name === undefined && level !== "org") return "";
  if (typeof name !== "string" || name.trim() === "") throw invalidOption(`scope.${level} must be a string`);
  return name.replaceAll("%", "%25").replaceAll("/", "%2F");
}
