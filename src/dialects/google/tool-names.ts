import type { ModelRequest } from "../../core/request.ts";

const LEGAL = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/;
const MAX_LENGTH = 64;

/** Maps tool names to names that Gemini accepts, and back. */
export class ToolNames {
  readonly #wire = new Map<string, string>();
  readonly #original = new Map<string, string>();

  constructor(request: ModelRequest) {
    for (const tool of request.settings.tools ?? []) this.wire(tool.name);
  }

  wire(name: string): string {
    const known = this.#wire.get(name);
    if (known !== undefined) return known;
    const clean = LEGAL.test(name) ? name : legalName(name);
    let wire = clean;
    for (let copy = 2; this.#original.has(wire); copy++) wire = `${clean.slice(0, MAX_LENGTH - 4)}_${copy}`;
    this.#wire.set(name, wire);
    this.#original.set(wire, name);
    return wire;
  }

  original(wire: string): string {
    return this.#original.get(wire) ?? wire;
  }
}

function legalName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_.:-]/g, "_");
  return (/^[A-Za-z_]/.test(clean) ? clean : `_${clean}`).slice(0, MAX_LENGTH);
}
