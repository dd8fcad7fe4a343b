import type { Adjustment } from "../../core/attempt.ts";
import type { ModelError } from "../../core/error.ts";
import type { FlowEvent } from "../../core/event.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import type { ToolKind } from "../../core/tool.ts";
import { AnswerIds } from "../answer-ids.ts";
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
  /** Whether an earlier call of the same chunk has a name and the same index. */
  readonly beside?: boolean;
}

/** A call with the index and the id that the server gave it. */
class AssembledCall extends OpenCall {
  readonly wireIndex: number | undefined;
  readonly wireId: string | undefined;
  readonly state: Record<string, unknown> = {};
  /** How often it came again without arguments: so many more calls if none follow. */
  copies = 0;
  /** Whether pieces of it came under an index of their own, which is reported. */
  scattered = false;

  constructor(order: number, id: string, fragment: ToolFragment, sample: number) {
    super(order, id, fragment.kind, sample);
    this.wireIndex = fragment.index;
    this.wireId = fragment.id;
  }
}

/**
 * Puts the tool calls of one sample together. Fragments come interleaved, without ids, without indexes, or with an index
 * that two calls share; calls are distinguished by id first, by index second, and by being the only one open last.
 */
export class ToolCallAssembly {
  readonly #calls: AssembledCall[] = [];
  /** Calls before this one are of another choice: nothing is added to them. */
  #sealed = 0;
  /** The latest open call with that id, and with that index. */
  readonly #byId = new Map<string, AssembledCall>();
  readonly #byIndex = new Map<number, AssembledCall>();
  /** Open calls that may lack something. */
  readonly #unfinished = new Set<AssembledCall>();
  readonly #ids = new AnswerIds();
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
    const known = this.#continued(fragment, out);
    const call = known ?? this.#begin(fragment, out);
    joinStates(call.state, fragment.state ?? {});
    if (known !== undefined && isCopy(known, fragment)) {
      known.copies += 1;
      return;
    }
    if (fragment.json.trim() !== "") call.copies = 0;
    call.add(fragment.name, fragment.json, out);
    this.#unfinished.add(call);
  }

  /** Whether a whole call is one of the open ones again. */
  repeats({ index, id, name, kind, json }: ToolFragment): boolean {
    const same = id !== undefined ? this.#byId.get(id) : index !== undefined ? this.#at(index) : this.#last;
    if (same === undefined || same.kind !== kind || same.name !== name) return false;
    if (index !== undefined && same.wireIndex !== index) return false;
    return same.text.repeats(json);
  }

  /** What follows is of another choice, which counts its calls anew. */
  seal(): void {
    this.#sealed = this.#calls.length;
    this.#byId.clear();
    this.#byIndex.clear();
    this.#unfinished.clear();
  }

  /**
   * Ends every call. Throws `invalid_tool_call` for a call that is not whole; in an answer that was cut at its length it
   * is left out and has no end.
   */
  end(out: FlowEvent[], cut: boolean): void {
    for (const call of [...this.#calls]) this.#settleCopies(call, out);
    const last = this.#calls.at(-1);
    for (const call of this.#calls) {
      if (cut && isCut(call, call === last)) continue;
      const checked = call.end(out);
      if ("problem" in checked) throw this.#invalid(checked.problem);
      this.#sign(call, out);
    }
    this.#calls.length = 0;
  }

  /** The latest open call. */
  get #last(): AssembledCall | undefined {
    return this.#calls.length > this.#sealed ? this.#calls.at(-1) : undefined;
  }

  /** The open call a fragment belongs to; `undefined` when it begins a new one. */
  #continued(fragment: ToolFragment, out: FlowEvent[]): AssembledCall | undefined {
    const last = this.#last;
    if (fragment.id !== undefined) return this.#sameId(fragment, fragment.id);
    if (fragment.index === undefined)
      return fragment.name === undefined || (last !== undefined && repeatsName(last, fragment)) ? last : undefined;
    const sameIndex = this.#at(fragment.index);
    if (sameIndex !== undefined)
      return this.#isRenamed(sameIndex, fragment) || beginsAnother(sameIndex, fragment) ? undefined : sameIndex;
    return fragment.name === undefined && last !== undefined ? this.#onlyOpen(fragment, last, out) : undefined;
  }

  #sameId(fragment: ToolFragment, id: string): AssembledCall | undefined {
    const same = this.#byId.get(id);
    const elsewhere = same !== undefined && fragment.index !== undefined && same.wireIndex !== fragment.index;
    if (same !== undefined && !(elsewhere && fragment.name !== undefined) && !this.#isRenamed(same, fragment))
      return same;
    // A new id alone does not start a new call: some servers give every fragment an id of its own.
    const there = fragment.index === undefined ? undefined : this.#at(fragment.index);
    return fragment.name === undefined || (there !== undefined && repeatsName(there, fragment)) ? there : undefined;
  }

  #at(index: number): AssembledCall | undefined {
    const unnumbered = index >= 0 ? this.#calls[index + this.#sealed] : undefined;
    return this.#byIndex.get(index) ?? (unnumbered?.wireIndex === undefined ? unnumbered : undefined);
  }

  /** Another name is another call, whatever else is equal; in the middle of arguments it cannot be decided. */
  #isRenamed({ name, kind, text }: AssembledCall, fragment: ToolFragment): boolean {
    if (fragment.name === undefined || name === undefined || fragment.name === name) return false;
    if (kind === "custom" || text.empty || text.complete || fragment.json.trimStart().startsWith("{")) return true;
    throw this.#invalid(`the tool call ${name} goes on under the name ${fragment.name}`);
  }

  /** The first two calls that lack something. One that is whole is not looked at again until something is added to it. */
  #openCalls(): readonly AssembledCall[] {
    const open: AssembledCall[] = [];
    for (const call of this.#unfinished) {
      if (call.text.complete && !call.text.empty) this.#unfinished.delete(call);
      else if (open.push(call) === 2) break;
    }
    return open;
  }

  /** A continuation under an unknown index belongs to the one call that still lacks something. */
  #onlyOpen(fragment: ToolFragment, last: AssembledCall, out: FlowEvent[]): AssembledCall {
    const [only, second] = this.#openCalls();
    if (fragment.json.trim() === "" && only === undefined) return last;
    if (only === undefined || second !== undefined)
      throw this.#invalid("a fragment of a tool call belongs to none of the open calls");
    if (!only.scattered) this.#reportScattered(only, fragment, out);
    only.scattered = true;
    return only;
  }

  #reportScattered(only: AssembledCall, fragment: ToolFragment, out: FlowEvent[]): void {
    const reason =
      "a fragment of a tool call came under a new index, without an id; it was added to the only open call";
    const adjustment: Adjustment = {
      setting: "tools",
      from: { index: fragment.index },
      to: { index: only.wireIndex },
      reason,
    };
    out.push({ type: "adjustment", adjustment });
  }

  #begin(fragment: ToolFragment, out: FlowEvent[]): AssembledCall {
    const before = fragment.index === undefined ? undefined : this.#byIndex.get(fragment.index);
    if (before !== undefined) this.#settleCopies(before, out);
    const order = this.#calls.length;
    const id = this.#ids.take(fragment.id, () => synthesizeToolId(`${this.#seed()} ${this.#sample} ${order}`), out);
    const call = new AssembledCall(order, id, fragment, this.#sample);
    this.#calls.push(call);
    if (fragment.id !== undefined) this.#byId.set(fragment.id, call);
    if (fragment.index !== undefined) this.#byIndex.set(fragment.index, call);
    return call;
  }

  /** A call without arguments that came several times, and got none later, is several calls. */
  #settleCopies(call: AssembledCall, out: FlowEvent[]): void {
    const { copies, kind, name, text } = call;
    call.copies = 0;
    if (!text.empty) return;
    for (let copy = 0; copy < copies; copy++)
      this.#begin({ index: undefined, id: undefined, name, kind, json: "" }, out).add(name, text.text, out);
  }

  #sign({ order, state }: AssembledCall, out: FlowEvent[]): void {
    if (Object.keys(state).length === 0) return;
    const signature = JSON.stringify(state);
    out.push({ type: "signature", part: "tool-call", index: order, signature, sample: this.#sample });
  }

  #invalid(words: string): ModelError {
    const toolCalls = this.#calls.map(({ id, name, kind, text }) => {
      return { kind, id, name: name ?? "", arguments: parseArguments(text.text)?.value, json: text.text };
    });
    return targetError(this.#target, "invalid_tool_call", words, { partial: { text: "", reasoning: "", toolCalls } });
  }
}

/**
 * Servers without ids put whole calls under one index, one after the other. An opening `{}` is not a complete call, and the same
 * arguments again are a repetition, unless both are in one chunk.
 */
function beginsAnother({ name, text }: OpenCall, fragment: ToolFragment): boolean {
  if (fragment.name === undefined || name === undefined) return false;
  if (text.empty || !text.complete || !fragment.json.trimStart().startsWith("{")) return false;
  if (fragment.beside === true) return true;
  const begun = parseArguments(fragment.json);
  return begun === undefined || JSON.stringify(begun.value) !== JSON.stringify(parseArguments(text.text)?.value);
}

/** Whether a call without an id and without arguments comes again just as it is. */
function isCopy({ name, text, wireId }: AssembledCall, fragment: ToolFragment): boolean {
  if (wireId !== undefined || fragment.id !== undefined || name === undefined || fragment.name !== name) return false;
  return text.empty && text.text.trim() === fragment.json.trim();
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
