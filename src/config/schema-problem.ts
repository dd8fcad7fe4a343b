import type * as z from "zod";
import { maskedAddress } from "../core/masked-address.ts";
import { withoutKeys } from "../core/secret.ts";
import { mayHoldSecrets } from "../core/secret-name.ts";
import { nearest } from "../core/suggest.ts";
import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import { type Scope, unknownKey } from "./unknown-key.ts";

type Issue = z.core.$ZodIssue;
type UnionIssue = Extract<Issue, { code: "invalid_union" }>;

/**
 * Translates schema issues to findings in terms of models.toml. `document` is the validated value: a file or call
 * options.
 */
export function findingsOf(issues: readonly Issue[], document: unknown, scope: Scope = "file"): Finding[] {
  return issues.flatMap((issue) => translate(issue, [], document, scope));
}

function translate(issue: Issue, prefix: Path, document: unknown, scope: Scope): Finding[] {
  const path = [...prefix, ...(issue.path as Path)];
  const value = valueAt(document, path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(path, key, scope));
  if (issue.code === "invalid_key")
    return [{ path, at: "key", message: `the name "${path.at(-1)}" ${issue.issues[0]?.message}` }];
  if (value === undefined && issue.path.length > 0) return [missing(path)];
  if (issue.code === "invalid_union") return fromUnion(issue, path, document, scope);
  return [{ path, at: "value", ...wrongValue(issue, path, value) }];
}

function missing(path: Path): Finding {
  return { path, at: "key", message: `"${path.at(-1)}" is missing` };
}

function wrongValue(issue: Issue, path: Path, value: unknown): { message: string; suggestion?: string | undefined } {
  const name = nameOf(path);
  const suggestion =
    issue.code === "invalid_value" && typeof value === "string" ? nearest(value, issue.values.map(String)) : undefined;
  const seen = issue.code === "custom" && typeof value === "object" ? "" : found(value, path);
  return { message: `"${name}" ${expectation(issue)}${seen}${headerHint(path, value)}`, suggestion };
}

const NAMED_SECTIONS: readonly unknown[] = ["models", "providers", "groups", "pricing", "profiles"];

/** `[[models]]` starts an array of tables, as other tools use; here each table has a name. */
function headerHint(path: Path, value: unknown): string {
  const section = path.at(-1);
  const isSection = path.length === 1 || (path.length === 3 && path[0] === "profiles");
  return isSection && Array.isArray(value) && NAMED_SECTIONS.includes(section)
    ? `: write [${path.join(".")}.NAME] instead of [[${path.join(".")}]]`
    : "";
}

const NOUNS: Readonly<Record<string, string>> = {
  number: "a number",
  int: "an integer",
  string: "a string",
  boolean: "true or false",
  object: "a table",
  record: "a table",
  array: "an array",
};

function expectation(issue: Issue): string {
  if (issue.message.startsWith("must ")) return issue.message;
  if (issue.code === "invalid_type") return `must be ${NOUNS[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value") return `must be ${listed(issue.values)}`;
  if (issue.code === "too_small")
    return issue.origin === "number" || issue.origin === "int"
      ? `must be at least ${issue.minimum}`
      : "must not be empty";
  if (issue.code === "too_big") return `must be at most ${issue.maximum}`;
  return "must have another form";
}

const MAX_LISTED = 12;

function listed(values: readonly unknown[]): string {
  const words = values.slice(0, MAX_LISTED).map((value) => JSON.stringify(value));
  if (words.length === 1) return String(words[0]);
  return `one of ${words.join(", ")}${values.length > MAX_LISTED ? ", …" : ""}`;
}

/** Reports the problems of the closest branch of a union, or those of the union if no branch has the right type. */
function fromUnion(issue: UnionIssue, path: Path, document: unknown, scope: Scope): Finding[] {
  const value = valueAt(document, path);
  const branches = issue.errors.filter(
    (errors) => errors.length > 0 && !errors.some((error) => isOtherKind(error, value)),
  );
  const meant = branches.sort((left, right) => left.length - right.length)[0];
  if (meant === undefined) return [{ path, at: "value", ...wrongValue(issue, path, value) }];
  return meant.flatMap((error) => withUnionWords(translate(error, path, document, scope), path, issue, value));
}

/** An invalid string or number is reported with the allowed values of all branches. */
function withUnionWords(findings: Finding[], path: Path, issue: Issue, value: unknown): Finding[] {
  if (typeof value === "object") return findings;
  return findings.map((finding) =>
    finding.path.length === path.length ? { ...finding, message: wrongValue(issue, path, value).message } : finding,
  );
}

function isOtherKind(error: Issue, value: unknown): boolean {
  if (error.path.length > 0) return isWrongDiscriminator(error, value);
  if (error.code === "invalid_type") return true;
  return error.code === "invalid_value" && typeof error.values[0] !== typeof value;
}

function isWrongDiscriminator(error: Issue, value: unknown): boolean {
  return (
    error.code === "invalid_value" &&
    error.path.length === 1 &&
    error.path[0] === "type" &&
    valueAt(value, ["type"]) !== undefined
  );
}

function nameOf(path: Path): string {
  return path.findLast((step) => typeof step === "string")?.toString() ?? "models.toml";
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
}

const MAX_SHOWN_LENGTH = 40;

/** Describes the value that was found; never prints one that may be a secret. */
function found(value: unknown, path: Path): string {
  const isSecret = path.some((step) => typeof step === "string" && mayHoldSecrets(step));
  if (value === "" || (Array.isArray(value) && value.length === 0)) return "";
  if (Array.isArray(value)) return ", not an array";
  if (typeof value === "object" && value !== null) return value instanceof Date ? ", not a date" : ", not a table";
  if (typeof value !== "string") return `, not ${isSecret ? `a ${typeof value}` : value}`;
  return isSecret ? "" : `, not ${quoted(value)}`;
}

function quoted(value: string): string {
  const clean = withoutKeys(maskedAddress(value));
  return JSON.stringify(clean.length > MAX_SHOWN_LENGTH ? `${clean.slice(0, MAX_SHOWN_LENGTH)}…` : clean);
}
