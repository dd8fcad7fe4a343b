import type { FlowEvent } from "./event.ts";
import { addUsage, type Usage } from "./usage.ts";

/** What the reader of an answer has been given so far, for another request that goes on with it. */
export class Shown {
  text = "";
  /** Tokens of the earlier requests that gave it; absent before the second one. */
  usage: Usage | undefined;
  #plain = true;

  /** Text and nothing else can be gone on with: a begun tool call or a refusal cannot. */
  get canGoOn(): boolean {
    return this.#plain && this.text.trim() !== "";
  }

  note(batch: readonly FlowEvent[]): void {
    for (const event of batch) {
      if (event.type === "text-delta") this.text += event.text;
      else if (event.type === "refusal-delta" || event.type === "tool-call-start") this.#plain = false;
      else if (event.type === "reset") this.forget();
    }
  }

  /** Another request goes on after one that used this much. */
  add(usage: Usage | undefined): void {
    if (usage !== undefined) this.usage = this.usage === undefined ? usage : addUsage(this.usage, usage);
  }

  forget(): void {
    this.text = "";
    this.usage = undefined;
    this.#plain = true;
  }
}
