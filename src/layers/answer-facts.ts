import type { Adjustment } from "../core/attempt.ts";
import type { Call, CallRecord } from "../core/call.ts";
import type { FinishReason, FlowEvent } from "../core/event.ts";
import { NO_USAGE, type Usage } from "../core/usage.ts";

/** What the events of a call say about its answer, without the answer. */
export class AnswerFacts {
  /** The entry that answered. */
  model: string | undefined;
  provider: string | undefined;
  /** The provider's id of the answer. */
  id: string | undefined;
  /** The model that the provider says it used. */
  servedModel: string | undefined;
  usage: Usage = NO_USAGE;
  /** One for each sample. */
  finishReasons: FinishReason[] = [];
  adjustments: Adjustment[] = [];
  /** Only if an observer wants content. */
  text = "";

  note(batch: readonly FlowEvent[], withText: boolean): void {
    for (const event of batch) {
      switch (event.type) {
        case "start":
          this.model = event.model;
          this.provider = event.provider;
          this.id = event.id ?? this.id;
          break;
        case "response":
          this.id = event.id ?? this.id;
          this.servedModel = event.servedModel ?? this.servedModel;
          break;
        case "adjustment":
          this.adjustments.push(event.adjustment);
          break;
        case "usage":
          this.usage = event.usage;
          break;
        case "finish":
          this.finishReasons.push(event.reason);
          break;
        case "reset":
          this.finishReasons = [];
          this.usage = NO_USAGE;
          this.text = "";
          break;
        case "text-delta":
          if (withText) this.text += event.text;
          break;
        default:
      }
    }
  }
}

/** The facts of the calls in flight. */
export class FactsByCall {
  readonly #facts = new WeakMap<CallRecord, AnswerFacts>();
  readonly #withText: boolean;

  constructor(withText = false) {
    this.#withText = withText;
  }

  note({ record }: Call, batch: readonly FlowEvent[]): void {
    this.of(record).note(batch, this.#withText);
  }

  of({ root }: CallRecord): AnswerFacts {
    let facts = this.#facts.get(root);
    if (facts === undefined) {
      facts = new AnswerFacts();
      this.#facts.set(root, facts);
    }
    return facts;
  }
}
