import { type FlowEvent, isContent } from "./event.ts";
import { addUsage, type Usage } from "./usage.ts";

/** The part of an answer that was delivered to the reader, for another request that continues it. */
export class DeliveredText {
  text = "";
  /** Tokens of the earlier requests that delivered it; absent before the second one. */
  usage: Usage | undefined;
  /** Why the last request that delivered text ended; absent if it reached its token limit. */
  broke: string | undefined;
  #plain = true;
  /** Whether the last request delivered something. */
  #grew = false;

  /** Only text can be continued, not a partial tool call or a refusal. */
  get canContinue(): boolean {
    return this.#plain && this.text.trim() !== "";
  }

  note(batch: readonly FlowEvent[]): void {
    for (const event of batch) {
      this.#grew ||= isContent(event);
      if (event.type === "text-delta") this.text += event.text;
      else if (event.type === "refusal-delta" || event.type === "tool-call-start") this.#plain = false;
      else if (event.type === "reset") this.forget();
    }
  }

  /** Another request continues the answer. A request that delivered nothing does not count. */
  add(usage: Usage | undefined, broke?: string): void {
    this.broke = this.#grew ? broke : (this.broke ?? broke);
    if (this.#grew && usage !== undefined) this.usage = this.usage === undefined ? usage : addUsage(this.usage, usage);
    this.#grew = false;
  }

  forget(): void {
    this.text = "";
    this.usage = undefined;
    this.broke = undefined;
    this.#plain = true;
    this.#grew = false;
  }
}
