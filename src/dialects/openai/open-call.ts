import type { FlowEvent } from "../../core/event.ts";
import type { ToolKind } from "../../core/tool.ts";
import { ArgumentsText, type CheckedCall, checkToolCall } from "../../core/tool-arguments.ts";
import { CustomInput } from "./custom-input.ts";

/** One streamed tool call; it is emitted as soon as it has a name. */
export class OpenCall {
  /** Position in the answer. */
  readonly order: number;
  readonly id: string;
  readonly kind: ToolKind;
  readonly text: Pick<ArgumentsText, "add" | "text" | "complete" | "empty" | "repeats" | "complement" | "end">;
  readonly #sample: number;
  #name: string | undefined;
  #signature: string | undefined;
  /** Text to emit once there is a name. */
  #held = "";

  constructor(order: number, id: string, kind: ToolKind, sample: number) {
    this.order = order;
    this.id = id;
    this.kind = kind;
    this.text = kind === "custom" ? new CustomInput() : new ArgumentsText();
    this.#sample = sample;
  }

  get name(): string | undefined {
    return this.#name;
  }

  add(name: string | undefined, piece: string, out: FlowEvent[]): void {
    this.#show(this.text.add(piece), out, name);
  }

  /** False if the complete arguments differ from the streamed ones. A missing end is emitted. */
  complement(name: string | undefined, whole: string, out: FlowEvent[]): boolean {
    const rest = this.text.complement(whole);
    this.#show(rest ?? "", out, name);
    return rest !== undefined;
  }

  /** Sets the opaque data that the provider requires back with the call. */
  sign(signature: string | undefined): void {
    this.#signature = signature;
  }

  /** Emits the rest and the end, unless the call is invalid. */
  end(out: FlowEvent[], deliverInvalid?: boolean): CheckedCall {
    const { order: index, id, kind } = this;
    this.#show(this.text.end(), out);
    const checked = checkToolCall({ id, name: this.#name, json: this.text.text, kind, deliverInvalid });
    const sample = this.#sample;
    if ("call" in checked) out.push({ type: "tool-call-end", index, call: checked.call, sample });
    const signature = this.#signature;
    if (signature !== undefined) out.push({ type: "signature", part: "tool-call", index, signature, sample });
    return checked;
  }

  #show(json: string, out: FlowEvent[], name?: string): void {
    const { order: index, id } = this;
    const sample = this.#sample;
    if (this.#name === undefined && name !== undefined) {
      this.#name = name;
      out.push({ type: "tool-call-start", index, id, name, sample });
    }
    this.#held += json;
    if (this.#name === undefined || this.#held === "") return;
    out.push({ type: "tool-call-delta", index, json: this.#held, sample });
    this.#held = "";
  }
}
