import { Cancellation } from "../../src/core/cancellation.ts";
import type { ModelError } from "../../src/core/error.ts";

/** Counts the registered listeners. */
export class CountedCancellation extends Cancellation {
  readonly listening = new Set<object>();

  override onCancel(listener: (reason: ModelError) => void): () => void {
    const token = {};
    this.listening.add(token);
    const off = super.onCancel((reason) => {
      this.listening.delete(token);
      listener(reason);
    });
    return () => {
      this.listening.delete(token);
      off();
    };
  }
}
