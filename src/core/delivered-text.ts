import { type FlowEvent, isContent } from "./event.ts";
import { addUsage, type Usage } from "./usage.ts";

/** What the reader has been given of an answer, for another request that continues it. */
export class DeliveredText {
  text = "";
  /** Tokens of the earlier requests that gave it; absent before the second one. */
  usage: Usage | undefined;
  /** How the request that gave its end broke off; absent where that one reached its token limit. */
  broke: string | undefined;
  #plain = true;
  /** Whether the last request gave something. */
  #grew = false;

  /** Only text can be continued: a begun tool call or a refusal cannot. */
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

  /** Another request continues after one that used this much. A request that delivered nothing is not part of the answer. */
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
