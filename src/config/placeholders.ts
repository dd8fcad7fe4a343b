import { withoutKeys } from "../core/secret.ts";
import { ENV_REFERENCE } from "./references.ts";

const NAME = "([A-Za-z_][A-Za-z0-9_]*)";

const SCHEME = "(?:[Bb]earer|BEARER|[Bb]asic|BASIC|[Tt]oken|TOKEN|(?:[Aa]pi)?[Kk]ey|KEY)";

/** How other tools, shells and templates write "the value of this variable"; each is never a part of a credential. */
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
 * Only where nothing stands beside it except the scheme of a header: keys and words may hold a `$` or `%`, and `env` with
 * a word in lower case may be a name of its own, such as `env/production`.
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

/** Most values are plain or an `env:` reference; only what may hold a placeholder is worth all the patterns. */
const SUSPICIOUS = /[$%{<#]|env|_KEY|_TOKEN|_SECRET/i;

/** The name of a variable where its value belongs: as a key, or behind the scheme of a header. No provider has such keys. */
const BARE_NAME = new RegExp(`^(?:(${SCHEME})\\s+)?((?:[A-Z][A-Z0-9]*_)+(?:KEY|TOKEN|SECRET)(?:_[A-Z0-9]+)?)$`);

/** The variable that a credential or header names in the spelling of another tool; undefined for any other value. */
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

/** What to write instead of it. */
export function insteadOf(name: string, value: string): string {
  const named = `"env:${name.toUpperCase()}"`;
  // A name with digits may look like a key to what masks messages.
  const reference = withoutKeys(named) === named ? named : '"env:NAME"';
  const isPart = /^(?:bearer|basic|token)\s/i.test(value);
  const scheme = isPart ? `; the scheme belongs in the variable, or use api_key = ${reference}` : "";
  const what = value.endsWith(name) && BARE_NAME.test(value) ? "is the name of a variable, not its value" : UNFILLED;
  return `${what}: write ${reference} as the whole value${scheme}`;
}

const UNFILLED = "holds a placeholder that is not filled in";
