import { basename } from "node:path";
import type { Config, EntryConfig, ProfileView } from "../config/load.ts";
import { isReference } from "../config/references.ts";
import { sha256 } from "../core/node-crypto.ts";
import type { Capability } from "../core/target.ts";
import { declaredCapabilities } from "./capabilities.ts";

export const TYPES_FILE = "modelwright.d.ts";
const HEADER = "// Written by `npx modelwright types` from ";

/**
 * The text of modelwright.d.ts: declarations of the names that `create` accepts and of their capabilities. Depends only on the
 * file and the catalog, not on the environment or the active profile.
 */
export function registeredTypes(config: Config): string {
  const views = viewsOf(config);
  const declarations = [
    ...namesIn(views).map((name) => declarationOf(name, propertiesOf(entriesBehind(name, views)))),
    // Any model of a provider with `discover = true`.
    ...[...new Set(views.flatMap(({ discovering }) => discovering))].map(
      (provider) => `    [name: \`${provider.replace(/[`\\$]/g, "\\$&")}/\${string}\`]: {};`,
    ),
  ];
  const body = `export {};

declare module "modelwright" {
  interface Registered {
${declarations.join("\n")}
  }
}
`;
  const fingerprint = sha256(body).slice(0, 16);
  const from = basename(config.file ?? "models.toml");
  return `${HEADER}${from}; do not edit.\n// Fingerprint: ${fingerprint}\n${body}`;
}

/** Every name that `create` accepts in any profile: entries, groups and aliases. */
export function registeredNames(config: Config): readonly string[] {
  return namesIn(viewsOf(config));
}

/** Whether the text is a generated file, in any formatting. */
export function isRegisteredTypes(text: string): boolean {
  return text.replace(/^\uFEFF/, "").startsWith(HEADER);
}

/** Whether two generated files are equal, apart from formatting. */
export function sameTypes(left: string, right: string): boolean {
  return significant(left) === significant(right);
}

export interface TypeDifferences {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Names with another model or other capabilities. */
  readonly changed: readonly string[];
}

export function typeDifferences(before: string, after: string): TypeDifferences {
  const [old, recent] = [declarationsIn(before), declarationsIn(after)];
  return {
    added: [...recent.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !recent.has(name)),
    changed: [...recent.keys()].filter((name) => old.has(name) && old.get(name) !== recent.get(name)),
  };
}

function viewsOf(config: Config): readonly ProfileView[] {
  return [undefined, ...config.profiles].map((profile) => config.inProfile(profile));
}

function namesIn(views: readonly ProfileView[]): readonly string[] {
  return [...new Set(views.flatMap(({ names }) => names))];
}

/** All entries that a name may resolve to, in any profile. */
function entriesBehind(name: string, views: readonly ProfileView[]): readonly EntryConfig[] {
  const entries = views.filter(({ names }) => names.includes(name)).flatMap((view) => view.entriesOf(name));
  // Only the active profile is validated.
  return entries.filter((entry) => entry.name !== undefined && entry.provider !== undefined);
}

/** In output order. */
const CAPABILITIES: readonly Capability[] = [
  ...(["tools", "parallelTools", "reasoning", "temperature", "stop", "vision", "files", "audio"] as const),
  ...(["promptCache", "jsonSchema", "webSearch", "streaming"] as const),
];

type Property = readonly [name: string, type: string];

/** Capabilities that are equal for all entries; unknown and differing ones are omitted. */
function propertiesOf(entries: readonly EntryConfig[]): readonly Property[] {
  const ids = [...new Set(entries.map(({ name }) => name))];
  const model: Property = ["model", ids.map((id) => JSON.stringify(id)).join(" | ")];
  const known = entries.map(declaredCapabilities);
  const agreed = CAPABILITIES.flatMap((capability): Property[] => {
    const [value, ...others] = new Set(known.map((capabilities) => capabilities[capability]));
    return value === undefined || others.length > 0 ? [] : [[capability, String(value)]];
  });
  return ids.length === 0 || ids.some(isReference) ? agreed : [model, ...agreed];
}

function declarationOf(name: string, properties: readonly Property[]): string {
  const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
  if (properties.length === 0) return `    ${key}: {};`;
  const lines = properties.map(([property, type]) => `      ${property}: ${type};`);
  return [`    ${key}: {`, ...lines, "    };"].join("\n");
}

/** The text without quotes, separators and spaces, which formatters change. */
function significant(text: string): string {
  return text.replace(/[\s;,"'\uFEFF]/g, "");
}

/** The declaration of each name, without formatting. Read line by line, because formatters keep lines. */
function declarationsIn(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let open: string | undefined;
  for (const line of text.split("\n")) {
    const words = significant(line);
    const opens = words.endsWith(":{") || words.endsWith(":{}");
    if (opens) {
      const name = nameIn(line);
      found.set(name, "");
      open = words.endsWith("{") ? name : undefined;
    } else if (words === "}") open = undefined;
    else if (open !== undefined) found.set(open, `${found.get(open)}${words}\n`);
  }
  return found;
}

function nameIn(line: string): string {
  const key = line.slice(0, line.lastIndexOf(":")).trim();
  if (key.startsWith("'")) return key.slice(1, -1);
  try {
    return key.startsWith('"') ? (JSON.parse(key) as string) : key;
  } catch {
    return key;
  }
}
