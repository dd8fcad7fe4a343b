import { parse } from "smol-toml";
import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import type { ReferenceSource } from "./references.ts";
import { configSchema } from "./schema.ts";
import { VariableSource } from "./source.ts";
import type { Table } from "./table.ts";
import { OWN_PREFIX, SECTIONS, unknownVariable } from "./variables.ts";

const OVERRIDE =
  /^MODELWRIGHT_(?:(DEFAULT_MODEL)|(DEFAULTS|CACHE|LOGGING|STATE|LEDGER|RECORD|AUDIT|TELEMETRY)__(\w+)|(PROVIDERS|MODELS)__(\w+?)__(\w+))$/;

/** The names that variables may refer to. */
interface KnownNames {
  /** Whether the file refers to this variable with `env:`. */
  readonly isReferenced: (variable: string) => boolean;
  readonly models: readonly string[];
  readonly providers: readonly string[];
}

export interface Overrides {
  readonly sources: readonly VariableSource[];
  readonly findings: readonly Finding[];
}

/**
 * Reads the variables that set a single key, such as `MODELWRIGHT_MODELS__CODER__TEMPERATURE=0.2`. `__` separates
 * tables and keys; `_` in a name matches anything but a letter or digit. Values are TOML; strings need no quotes.
 */
export function overridesIn(env: ReferenceSource["env"], known: KnownNames): Overrides {
  const sources: VariableSource[] = [];
  const findings: Finding[] = [];
  for (const variable of Object.keys(env).sort()) {
    const text = env[variable];
    if (text === undefined || text === "" || !OWN_PREFIX.test(variable)) continue;
    const match = OVERRIDE.exec(variable);
    if (match === null) {
      const finding = unknownVariable(variable, known.isReferenced);
      if (finding !== undefined) findings.push(finding);
      continue;
    }
    const [, isDefault, plainSection, plainKey, namedSection, name = "", namedKey] = match;
    if (isDefault !== undefined) sources.push(new VariableSource(variable, { default_model: text }));
    else if (plainSection !== undefined)
      sources.push(sourceOf(variable, [SECTIONS[plainSection as keyof typeof SECTIONS], ...stepsOf(plainKey)], text));
    else {
      const section = SECTIONS[namedSection as "MODELS" | "PROVIDERS"];
      const meant = known[section].filter((one) => spelled(one) === name);
      if (meant.length === 1)
        sources.push(sourceOf(variable, [section, meant[0] as string, ...stepsOf(namedKey)], text));
      else findings.push(unmatchedName(variable, section, name, meant, known[section]));
    }
  }
  return { sources, findings };
}

/** The spelling of a name in a variable. */
function spelled(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

function stepsOf(key = ""): string[] {
  return key.toLowerCase().split("__");
}

function sourceOf(variable: string, path: readonly string[], text: string): VariableSource {
  const plain = tableWith(path, text);
  const value = tomlValue(text);
  const written = value === undefined ? plain : tableWith(path, value);
  const isText = !configSchema.safeParse(written).success && configSchema.safeParse(plain).success;
  return new VariableSource(variable, isText ? plain : written);
}

function tableWith(path: readonly string[], value: unknown): Table {
  return path.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value) as Table;
}

/** The text parsed as a TOML value; `undefined` if it is invalid, that is, an unquoted string. */
function tomlValue(text: string): unknown {
  try {
    const { value, ...more } = parse(`value = ${text}`);
    return Object.keys(more).length > 0 || value instanceof Date ? undefined : value;
  } catch {
    return undefined;
  }
}

function unmatchedName(
  variable: string,
  section: string,
  name: string,
  meant: readonly string[],
  known: readonly string[],
): Finding {
  const path: Path = [section, name];
  const source = new VariableSource(variable, {});
  const message =
    meant.length > 1
      ? `"${name}" may be ${meant.map((one) => `"${one}"`).join(" or ")}`
      : `no [${section}.NAME] matches "${name}"`;
  return { path, at: "key", message, source, meant: { word: name, among: new Set(known.map(spelled)) } };
}
