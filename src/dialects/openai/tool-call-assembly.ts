import type { Adjustment } from "../../core/attempt.ts";
import { ModelError } from "../../core/error.ts";
import type { FlowEvent } from "../../core/event.ts";
import type { Target } from "../../core/target.ts";
import type { ToolKind } from "../../core/tool.ts";
import { joinStates } from "./opaque-fields.ts";
import { OpenCall } from "./open-call.ts";
import { synthesizeToolId } from "./tool-ids.ts";
import type { WireObject } from "./wire-value.ts";

/** A piece of a tool call as a server sent it; every field may be missing. */
export interface ToolFragment {
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly kind: ToolKind;
  readonly json: string;
  /** What the host wants back with the call. */
  readonly state?: WireObject;
}

/** A call with the index and the id that the server gave it. */
class AssembledCall extends OpenCall {
  readonly wireIndex: number | undefined;
  readonly wireId: string | undefined;
  readonly state: Record<string, unknown> = {};

  constructor(order: number, id: string, fragment: ToolFragment, sample: number) {
    super(order, id, fragment.kind, sample);
    this.wireIndex = fragment.index;
    this.wireId = fragment.id;
  }
}

/**
 * Puts the tool calls of one sample together. Fragments come interleaved, without ids, without indexes, or with an index
 * that two calls share; a call is told from another by id first, by index second, and by being the only one open last.
 */
export class ToolCallAssembly {
  readonly #calls: AssembledCall[] = [];
  /** Calls before this one are of another choice: nothing is added to them. */
  #sealed = 0;
  readonly #target: Target;
  readonly #sample: number;
  readonly #seed: () => string;

  constructor(target: Target, sample: number, seed: () => string) {
    this.#target = target;
    this.#sample = sample;
    this.#seed = seed;
  }

  get size(): number {
    return this.#calls.length;
  }

  add(fragment: ToolFragment, out: FlowEvent[]): void {
    const call = this.#continued(fragment, out) ?? this.#begin(fragment);
    joinStates(call.state, fragment.state ?? {});
    call.add(fragment.name, fragment.json, out);
  }

  /** Whether a whole call is one of the open ones again. */
  repeats({ index, id, name, kind, json }: ToolFragment): boolean {
    const same = this.#open.findLast((call) => id !== undefined && call.wireId === id);
    if (same === undefined || same.kind !== kind || same.name !== name) return false;
    if (index !== undefined && same.wireIndex !== index) return false;
    return same.text.repeats(json);
  }

  /** What follows is of another choice, which counts its calls anew. */
  seal(): void {
    this.#sealed = this.#calls.length;
  }

  /**
   * Ends every call. Throws `invalid_tool_call` for a call that is not whole; in an answer that was cut at its length it
   * is left out and has no end.
   */
  end(out: FlowEvent[], cut: boolean): void {
    const last = this.#calls.at(-1);
    for (const call of this.#calls) {
      if (cut && isCut(call, call === last)) continue;
      const checked = call.end(out);
      if ("problem" in checked) throw this.#invalid(checked.problem);
      this.#sign(call, out);
    }
    this.#calls.length = 0;
  }

  get #open(): readonly AssembledCall[] {
    return this.#sealed === 0 ? this.#calls : this.#calls.slice(this.#sealed);
  }

  /** The open call a fragment belongs to; `undefined` when it begins a new one. */
  #continued(fragment: ToolFragment, out: FlowEvent[]): AssembledCall | undefined {
    if (fragment.id !== undefined) return this.#sameId(fragment, fragment.id);
    if (fragment.index === undefined) return this.#last(fragment);
    const sameIndex = this.#at(fragment.index);
    if (sameIndex !== undefined) return beginsAnother(sameIndex, fragment) ? undefined : sameIndex;
    return fragment.name === undefined && this.#open.length > 0 ? this.#onlyOpen(fragment, out) : undefined;
  }

  #last(fragment: ToolFragment): AssembledCall | undefined {
    const last = this.#open.at(-1);
    return fragment.name === undefined || (last !== undefined && repeatsName(last, fragment)) ? last : undefined;
  }

  #sameId(fragment: ToolFragment, id: string): AssembledCall | undefined {
    const same = this.#open.findLast((call) => call.wireId === id);
    const elsewhere = same !== undefined && fragment.index !== undefined && same.wireIndex !== fragment.index;
    if (same !== undefined && !(elsewhere && fragment.name !== undefined)) return same;
    // A new id is no new call by itself: some servers give every fragment an id of its own.
    const there = fragment.index === undefined ? undefined : this.#at(fragment.index);
    return fragment.name === undefined || (there !== undefined && repeatsName(there, fragment)) ? there : undefined;
  }

  #at(index: number): AssembledCall | undefined {
    const open = this.#open;
    return (
      open.findLast((call) => call.wireIndex === index) ??
      open.find((call) => call.wireIndex === undefined && call.order === index + this.#sealed)
    );
  }

  /** A continuation under an index nobody has seen belongs to the one call that still lacks something. */
  #onlyOpen(fragment: ToolFragment, out: FlowEvent[]): AssembledCall {
    const open = this.#open.filter(({ text }) => !text.complete || text.empty);
    const [only, second] = open;
    const last = this.#open.at(-1);
    if (last !== undefined && fragment.json.trim() === "" && only === undefined) return last;
    if (only === undefined || second !== undefined)
      throw this.#invalid("a fragment of a tool call belongs to none of the open calls");
    const reason =
      "a fragment of a tool call came under a new index, without an id; it was added to the only open call";
    const adjustment: Adjustment = {
      setting: "tools",
      from: { index: fragment.index },
      to: { index: only.wireIndex },
      reason,
    };
    out.push({ type: "adjustment", adjustment });
    return only;
  }

  #begin(fragment: ToolFragment): AssembledCall {
    const order = this.#calls.length;
    const taken = fragment.id === undefined || this.#calls.some((call) => call.id === fragment.id);
    const id =
      taken || fragment.id === undefined ? synthesizeToolId(`${this.#seed()} ${this.#sample} ${order}`) : fragment.id;
    const call = new AssembledCall(order, id, fragment, this.#sample);
    this.#calls.push(call);
    return call;
  }

  #sign({ order, state }: AssembledCall, out: FlowEvent[]): void {
    if (Object.keys(state).length === 0) return;
    const signature = JSON.stringify(state);
    out.push({ type: "signature", part: "tool-call", index: order, signature, sample: this.#sample });
  }

  #invalid(words: string): ModelError {
    const { provider, modelId, entry } = this.#target;
    const toolCalls = this.#calls.map(({ id, name, kind, text }) => {
      return { kind, id, name: name ?? "", arguments: parseArguments(text.text)?.value, json: text.text };
    });
    const partial = { text: "", reasoning: "", toolCalls };
    return new ModelError({
      code: "invalid_tool_call",
      message: `${provider} (${modelId}): ${words}`,
      provider,
      model: entry,
      partial,
    });
  }
}

/**
 * Servers without ids put whole calls under one index, one after the other. An opening `{}` is no whole call, and the same
 * arguments again are a repetition.
 */
function beginsAnother({ name, text }: OpenCall, fragment: ToolFragment): boolean {
  if (fragment.name === undefined || name === undefined) return false;
  const begun = parseArguments(fragment.json);
  if (fragment.name !== name) return text.complete || text.empty;
  if (text.empty || !text.complete || !fragment.json.trimStart().startsWith("{")) return false;
  return begun === undefined || JSON.stringify(begun.value) !== JSON.stringify(parseArguments(text.text)?.value);
}

/** Servers that name the tool in every fragment: what cannot begin arguments goes on with those that are not whole yet. */
function repeatsName({ name, text }: OpenCall, fragment: ToolFragment): boolean {
  if (fragment.name !== name || fragment.json === "" || text.text === "") return false;
  return !fragment.json.trimStart().startsWith("{") && !text.complete;
}

/** The input of a custom tool is plain text, which looks the same when its end is missing. */
function isCut({ name, text, kind }: OpenCall, last: boolean): boolean {
  return name === undefined || (kind === "custom" ? last : !text.complete);
}

/** `undefined` when the text is no JSON. */
function parseArguments(json: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(json) };
  } catch {
    return undefined;
  }
}
