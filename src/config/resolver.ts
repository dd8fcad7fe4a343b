import type { Finding } from "./limits.ts";
import { HEADER_VALUE } from "./options-identity.ts";
import { placeholderIn } from "./placeholders.ts";
import type { Path } from "./positions.ts";
import { isReference, type ReferenceSource, resolveReference } from "./references.ts";
import { isTable } from "./table.ts";

/** Keys whose values are sent in headers. */
const IN_HEADERS: ReadonlySet<string | number> = new Set([
  ...["api_key", "extra_headers", "organization_id", "project_id", "api_version"],
]);

/** Keys whose values are sent in a JSON body, where a string may have several lines. */
const IN_BODY: ReadonlySet<string | number> = new Set([
  ...["system", "messages", "prediction", "user", "stop", "metadata", "extra_body", "tools", "response_format"],
]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** A reference without its default. */
export function nameOf(reference: string): string {
  return reference.split(":-", 1)[0] ?? reference;
}

/** Replaces references in nested values and collects the missing ones. */
export class Resolver {
  readonly findings: Finding[] = [];
  readonly #source: ReferenceSource;

  constructor(source: ReferenceSource) {
    this.#source = source;
  }

  report(path: Path, message: string): void {
    this.findings.push({ path, at: "value", message });
  }

  value(value: unknown, path: Path): unknown {
    if (typeof value === "string") return isReference(value) ? this.#text(value, path) : value;
    if (Array.isArray(value)) return value.map((inner, index) => this.value(inner, [...path, index]));
    if (!isTable(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.value(inner, [...path, key])]));
  }

  #text(reference: string, path: Path): string {
    const resolved = resolveReference(reference, this.#source);
    if ("value" in resolved) return this.#checked(resolved.value, reference, path);
    this.report(path, resolved.problem);
    return reference;
  }

  /** Checks the value of a reference, which the schema could not. */
  #checked(value: string, reference: string, path: Path): string {
    if (IN_BODY.has(path[0] ?? "")) return value;
    if (reference.startsWith("env:") && CONTROL.test(value)) {
      this.report(path, `${nameOf(reference)} holds a line break or another control character`);
      return value;
    }
    if (IN_HEADERS.has(path[0] ?? "") && !HEADER_VALUE.test(value))
      this.report(path, `${nameOf(reference)} holds characters that HTTP cannot carry in a header`);
    const isEscaped = reference.startsWith("env::");
    if (!isEscaped && IN_HEADERS.has(path[0] ?? "") && placeholderIn(value, path[0] === "api_key") !== undefined)
      this.report(path, `${nameOf(reference)} holds a placeholder that is not filled in: set it to the value itself`);
    const isAddress = path.at(-1) === "base_url" || path.at(-1) === "proxy";
    if (isAddress && path.length === 1 && !/^(?:https?|socks5?):\/\//.test(value))
      this.report(path, `${nameOf(reference)} does not hold an address such as "https://api.example.com/v1"`);
    return value;
  }
}
