import type { Adjustment } from "../../core/attempt.ts";
import { boundedJson } from "../../core/bounded-depth.ts";
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

/** A fragment of a tool call as the server sent it; any field may be missing. */
export interface ToolFragment {
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly kind: ToolKind;
  readonly json: string;
  /** The opaque fields that the host requires back with the call. */
  readonly state?: WireObject;
  /** Whether an earlier call in the same chunk has a name and the same index. */
  readonly beside?: boolean;
}

/** A call with the server's index and id. */
class AssembledCall extends OpenCall {
  readonly wireIndex: number | undefined;
  readonly wireId: string | undefined;
  readonly state: Record<string, unknown> = {};
  /** How often it was repeated without arguments; each is another call if no arguments follow. */
  copies = 0;
  /** Whether fragments had another index, which is reported. */
  scattered = false;

  constructor(order: number, id: string, fragment: ToolFragment, sample: number) {
    super(order, id, fragment.kind, sample);
    this.wireIndex = fragment.index;
    this.wireId = fragment.id;
  }
}

/**
 * Assembles the tool calls of one sample. Fragments may be interleaved, without ids, without indexes, or with an index that
 * two calls share. They are matched by id, then by index, then to the only open call.
 */
export class ToolCallAssembly {
  readonly #calls: AssembledCall[] = [];
  /** Calls before this one belong to another choice and are closed. */
  #sealed = 0;
  /** The latest open call by id, and by index. */
  readonly #byId = new Map<string, AssembledCall>();
  readonly #byIndex = new Map<number, AssembledCall>();
  /** Open calls that may be incomplete. */
  readonly #unfinished = new Set<AssembledCall>();
  readonly #ids = new AnswerIds();
  readonly #target: Target;
  readonly #sample: number;
  readonly #seed: () => string;
  readonly #deliverInvalid: boolean | undefined;

  constructor(target: Target, sample: number, seed: () => string, deliverInvalid?: boolean) {
    this.#target = target;
    this.#sample = sample;
    this.#seed = seed;
    this.#deliverInvalid = deliverInvalid;
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

  /** Whether a complete call repeats one of the open ones. */
  repeats({ index, id, name, kind, json }: ToolFragment): boolean {
    const same = id !== undefined ? this.#byId.get(id) : index !== undefined ? this.#at(index) : this.#last;
    if (same === undefined || same.kind !== kind || same.name !== name) return false;
    if (index !== undefined && same.wireIndex !== index) return false;
    return same.text.repeats(json);
  }

  /** Starts another choice, which numbers its calls from 0. */
  seal(): void {
    this.#sealed = this.#calls.length;
    this.#byId.clear();
    this.#byIndex.clear();
    this.#unfinished.clear();
  }

  /**
   * Ends every call. Throws `invalid_tool_call` for an incomplete call; in an answer that was truncated by the token limit it
   * is omitted and gets no end event.
   */
  end(out: FlowEvent[], cut: boolean): void {
    for (const call of [...this.#calls]) this.#settleCopies(call, out);
    const last = this.#calls.at(-1);
    for (const call of this.#calls) {
      if (cut && isCut(call, call === last)) continue;
      const checked = call.end(out, this.#deliverInvalid);
      if ("problem" in checked) throw this.#invalid(checked.problem);
      this.#sign(call, out);
    }
    this.#calls.length = 0;
  }

  /** The latest open call. */
  get #last(): AssembledCall | undefined {
    return this.#calls.length > this.#sealed ? this.#calls.at(-1) : undefined;
  }

  /** The open call that a fragment continues; `undefined` if it starts a new one. */
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
    // A new id alone does not start a new call: some servers send a new id with every fragment.
    const there = fragment.index === undefined ? undefined : this.#at(fragment.index);
    return fragment.name === undefined || (there !== undefined && repeatsName(there, fragment)) ? there : undefined;
  }

  #at(index: number): AssembledCall | undefined {
    const unnumbered = index >= 0 ? this.#calls[index + this.#sealed] : undefined;
    return this.#byIndex.get(index) ?? (unnumbered?.wireIndex === undefined ? unnumbered : undefined);
  }

  /** Another name means another call; in the middle of arguments it is an error. */
  #isRenamed({ name, kind, text }: AssembledCall, fragment: ToolFragment): boolean {
    if (fragment.name === undefined || name === undefined || fragment.name === name) return false;
    if (kind === "custom" || text.empty || text.complete || fragment.json.trimStart().startsWith("{")) return true;
    throw this.#invalid(`the tool call ${name} continues with the name ${fragment.name}`);
  }

  /** The first two incomplete calls. A complete one is not checked again until something is added to it. */
  #openCalls(): readonly AssembledCall[] {
    const open: AssembledCall[] = [];
    for (const call of this.#unfinished) {
      if (call.text.complete && !call.text.empty) this.#unfinished.delete(call);
      else if (open.push(call) === 2) break;
    }
    return open;
  }

  /** A fragment with an unknown index belongs to the only incomplete call. */
  #onlyOpen(fragment: ToolFragment, last: AssembledCall, out: FlowEvent[]): AssembledCall {
    const [only, second] = this.#openCalls();
    if (fragment.json.trim() === "" && only === undefined) return last;
    if (only === undefined || second !== undefined)
      throw this.#invalid("a tool call fragment does not match an open call");
    if (!only.scattered) this.#reportScattered(only, fragment, out);
    only.scattered = true;
    return only;
  }

  #reportScattered(only: AssembledCall, fragment: ToolFragment, out: FlowEvent[]): void {
    const reason = "a tool call fragment had a new index and no id; it was added to the only open call";
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

  /** A call without arguments that was sent several times counts as several calls. */
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
      const json = text.text;
      return { kind, id, name: name ?? "", arguments: boundedJson(json, parseArguments(json)?.value), json };
    });
    return targetError(this.#target, "invalid_tool_call", words, { partial: { text: "", reasoning: "", toolCalls } });
  }
}

/**
 * Servers without ids send complete calls with one index, one after the other. An initial `{}` is not a complete call, and equal
 * arguments are a repetition, unless both are in one chunk.
 */
function beginsAnother({ name, text }: OpenCall, fragment: ToolFragment): boolean {
  if (fragment.name === undefined || name === undefined) return false;
  if (text.empty || !text.complete || !fragment.json.trimStart().startsWith("{")) return false;
  if (fragment.beside === true) return true;
  const begun = parseArguments(fragment.json);
  return begun === undefined || JSON.stringify(begun.value) !== JSON.stringify(parseArguments(text.text)?.value);
}

/** Whether a fragment repeats a call without an id and without arguments. */
function isCopy({ name, text, wireId }: AssembledCall, fragment: ToolFragment): boolean {
  if (wireId !== undefined || fragment.id !== undefined || name === undefined || fragment.name !== name) return false;
  return text.empty && text.text.trim() === fragment.json.trim();
}

/** Some servers repeat the tool name in every fragment: text that cannot start arguments continues incomplete ones. */
function repeatsName({ name, text }: OpenCall, fragment: ToolFragment): boolean {
  if (fragment.name !== name || fragment.json === "" || text.text === "") return false;
  return !fragment.json.trimStart().startsWith("{") && !text.complete;
}

/** The input of a custom tool is plain text, so a missing end cannot be detected. */
function isCut({ name, text, kind }: OpenCall, last: boolean): boolean {
  return name === undefined || (kind === "custom" ? last : !text.complete);
}

/** `undefined` if the text is not JSON. */
function parseArguments(json: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(json) };
  } catch {
    return undefined;
  }
}
