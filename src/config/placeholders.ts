import { withoutKeys } from "../core/secret.ts";
import { ENV_REFERENCE } from "./references.ts";

const NAME = "([A-Za-z_][A-Za-z0-9_]*)";

const SCHEME = "(?:[Bb]earer|BEARER|[Bb]asic|BASIC|[Tt]oken|TOKEN|(?:[Aa]pi)?[Kk]ey|KEY)";

/** Variable syntax of other tools, shells and templates that cannot occur in a credential. */
const ANYWHERE = [
  `\\$\\{+\\s*(?:(?:env|secrets|vars|process\\.env)[.:])?${NAME}\\s*(?::?[-?+=][^}]*)?\\}+`,
  `\\$env:${NAME}`,
  `\\{\\{-?\\s*(?:(?:env|secrets|vars)[.:]|\\.|\\$)?\\s*${NAME}\\s*-?\\}\\}`,
  `[{<]env[.:]${NAME}[}>]`,
  `\\bos\\.environ/${NAME}`,
  `\\bos\\.(?:environ|getenv)[\\[(]+["']?${NAME}["']?[\\])]+`,
  `\\bos\\.environ\\.get\\(["']?${NAME}["']?\\)`,
  `\\bprocess\\.env\\.${NAME}`,
  `\\bprocess\\.env\\[["']?${NAME}["']?\\]`,
].map((pattern) => new RegExp(pattern));

/**
 * Matches only the complete value, after an optional header scheme: keys may contain `$` or `%`, and `env` with a lower
 * case word may be a name, such as `env/production`.
 */
const ALONE = [
  `\\$${NAME}`,
  `%${NAME}%`,
  `\\$\\(${NAME}\\)`,
  `#\\{${NAME}\\}`,
  "(?:env|ENV|Env)[:/.]\\s*([A-Z_][A-Z0-9_]*)",
  `(?:env|ENV):${NAME}`,
].map((pattern) => new RegExp(`^(?:${SCHEME}\\s+)?["']?${pattern}["']?$`));

const PATTERNS = [...ANYWHERE, ...ALONE];

/** A cheap filter: the patterns run only on values that may contain a placeholder. */
const SUSPICIOUS = /[$%{<#]|env|_KEY|_TOKEN|_SECRET/i;

/** A variable name in place of its value, as a key or after a header scheme. No provider issues such keys. */
const BARE_NAME = new RegExp(`^(?:(${SCHEME})\\s+)?((?:[A-Z][A-Z0-9]*_)+(?:KEY|TOKEN|SECRET)(?:_[A-Z0-9]+)?)$`);

/** The variable named by a placeholder in a credential or header; undefined without a placeholder. */
export function placeholderIn(value: string, isKey = false): string | undefined {
  if (value.startsWith("env::") || value.startsWith("file:")) return undefined;
  const text = ENV_REFERENCE.test(value) ? value.replace(/^env:[A-Z0-9_]+(?::-)?/, "") : value;
  if (!SUSPICIOUS.test(text)) return undefined;
  for (const pattern of PATTERNS) {
    const name = pattern.exec(text)?.[1];
    if (name !== undefined) return name;
  }
  const [, scheme, bare] = BARE_NAME.exec(text) ?? [];
  return isKey || scheme !== undefined ? bare : undefined;
}

/** The error message: what the placeholder is and what to write instead. */
export function placeholderMessage(name: string, value: string): string {
  const named = `"env:${name.toUpperCase()}"`;
  // A name with digits may look like a key and be masked.
  const reference = withoutKeys(named) === named ? named : '"env:NAME"';
  const isPart = /^(?:bearer|basic|token)\s/i.test(value);
  const scheme = isPart ? `; the scheme belongs in the variable, or use api_key = ${reference}` : "";
  const what = value.endsWith(name) && BARE_NAME.test(value) ? "is the name of a variable, not its value" : UNFILLED;
  return `${what}: write ${reference} as the whole value${scheme}`;
}

const UNFILLED = "holds a placeholder that is not filled in";
