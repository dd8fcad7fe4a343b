import { asArray, asNumber, asObject, asString, type Json } from "../dialects/served/json.ts";
import { withDescribedBounds } from "./described-bounds.ts";
import { pointed } from "./schema-pointer.ts";

/** The description that a client adds where it cut a recursive schema; the value there is unconstrained. */
const CUT = /^Has the same form as .* around it\.$/m;

/**
 * The depth of the shallowest value of each part of a schema: infinite for a part that requires itself. Used to end recursive
 * values.
 */
export class SchemaHeights {
  readonly #root: Json | boolean;
  readonly #known = new Map<Json, number>();

  constructor(root: Json | boolean) {
    this.#root = root;
    this.#collect(root);
    while (this.#improve());
  }

  of(schema: unknown): number {
    const given = asObject(schema);
    if (given === undefined) return schema === false ? Number.POSITIVE_INFINITY : 0;
    return this.#known.get(given) ?? this.#measure(given);
  }

  #collect(node: unknown): void {
    if (Array.isArray(node)) for (const child of node) this.#collect(child);
    const given = asObject(node);
    if (given === undefined || this.#known.has(given)) return;
    this.#known.set(given, Number.POSITIVE_INFINITY);
    for (const child of Object.values(withDescribedBounds(given))) this.#collect(child);
  }

  #improve(): boolean {
    let improved = false;
    for (const [schema, before] of this.#known) {
      const height = this.#measure(schema);
      if (height >= before) continue;
      this.#known.set(schema, height);
      improved = true;
    }
    return improved;
  }

  #measure(schema: Json): number {
    const rule = withDescribedBounds(schema);
    if (CUT.test(asString(rule.description) ?? "") && !("properties" in rule) && !("items" in rule))
      return Number.POSITIVE_INFINITY;
    const parts = [...this.#referenced(rule), ...asArray(rule.allOf)].map((part) => this.of(part));
    return Math.max(0, ...parts, this.#lowest(rule.anyOf), this.#lowest(rule.oneOf), this.#inside(rule));
  }

  #referenced({ $ref }: Json): readonly unknown[] {
    return typeof $ref === "string" ? [pointed(this.#root, $ref) ?? true] : [];
  }

  #lowest(branches: unknown): number {
    const all = asArray(branches);
    return all.length === 0 ? 0 : Math.min(...all.map((branch) => this.of(branch)));
  }

  #inside(rule: Json): number {
    if ("const" in rule || "enum" in rule || asArray(rule.type).includes("null")) return 0;
    const properties = asObject(rule.properties) ?? {};
    const required = asArray(rule.required).map((name) =>
      this.of(properties[String(name)] ?? rule.additionalProperties ?? true),
    );
    const first = asArray(rule.prefixItems).slice(0, asNumber(rule.minItems) ?? 0);
    const items = (asNumber(rule.minItems) ?? 0) > first.length ? [rule.items] : [];
    const inner = [...required, ...[...first, ...items].map((item) => this.of(item))];
    return inner.length === 0 ? 0 : 1 + Math.max(...inner);
  }
}
