import type { Adjustment } from "../core/attempt.ts";
import type { FlowEvent } from "../core/event.ts";
import { own } from "../core/own.ts";
import type { Reply } from "../core/reply.ts";
import { storedIds } from "../dialects/served/stored-ids.ts";
import type { WireServer } from "../dialects/served/wire-server.ts";
import { type State, wrapped } from "./foreign-state.ts";

type Finish = Extract<FlowEvent, { type: "finish" }>;
type Signature = Extract<FlowEvent, { type: "signature" }>;

const NO_IDS: ReadonlySet<string> = new Set();
const NO_STATES: ReadonlyMap<string, string> = new Map();

/** The events of a call as its client gets them: without the provider's ids and names, and with its opaque state wrapped. */
export class ClientEvents {
  readonly #wire: WireServer;
  #finishes: Finish[] = [];
  #lost = false;
  /** Ids of the tool calls, by sample and index. */
  #calls: Map<string, string> | undefined;
  #callStates: Map<string, string> | undefined;
  #storedIds: Set<string> | undefined;
  /** Reasoning of each sample since its last signature. */
  #reasoning: Map<number, string> | undefined;
  /** The entry that answers, and its provider. */
  entry: string | undefined;
  provider: string | undefined;
  /** Reported so far. */
  readonly adjustments: Adjustment[] = [];

  constructor(wire: WireServer) {
    this.#wire = wire;
  }

  /** The opaque state of tool calls, by their ids, for clients that do not return it. */
  get callStates(): ReadonlyMap<string, string> {
    return this.#callStates ?? NO_STATES;
  }

  /** Ids of what the provider stores, for later requests. */
  get storedIds(): ReadonlySet<string> {
    return this.#storedIds ?? NO_IDS;
  }

  /** The event for the client; `undefined` if it gets none, or gets it at the end. */
  shown(event: FlowEvent): FlowEvent | undefined {
    switch (event.type) {
      case "start":
        this.entry = event.model;
        this.provider = event.provider;
        return undefined;
      case "adjustment":
        this.adjustments.push(event.adjustment);
        return undefined;
      case "response":
        return this.#response(event.serviceTier);
      case "finish":
        this.#finishes.push(event);
        return undefined;
      case "reasoning-delta":
        this.#reasoning ??= new Map();
        this.#reasoning.set(event.sample, (this.#reasoning.get(event.sample) ?? "") + event.text);
        return event;
      case "tool-call-start":
        if (this.#wire.losesCallState) this.#noteCall(event);
        return event;
      case "signature":
        if (event.part === "tool-call") this.#noteState(event);
        return this.#signed(event);
      case "other-output":
        this.#lost ||= event.wire !== this.#wire.name;
        return undefined;
      case "wire-output":
      case "text-end":
        return this.#ofWire(event);
      case "reset":
        this.#finishes = [];
        this.#lost = false;
        this.#reasoning = undefined;
        return undefined;
      case "raw":
      case "embeddings":
        return undefined;
      default:
        return event;
    }
  }

  /** The events after which the answer is complete. They wait for the reply, whose usage is that of all requests. */
  last({ usage }: Reply): readonly FlowEvent[] {
    return [{ type: "usage", usage }, ...this.#finishes];
  }

  /** What the wire format could not express. */
  get losses(): readonly Adjustment[] {
    if (!this.#lost) return [];
    const reason = "output of this kind has no place in the response";
    return [{ setting: "output", from: "output that is not text or a tool call", to: undefined, reason }];
  }

  /** What only the provider's wire format has, if it is the client's. */
  #ofWire(event: Extract<FlowEvent, { type: "wire-output" | "text-end" }>): FlowEvent | undefined {
    const content = event.type === "wire-output" ? [event.block] : event.annotations;
    if (event.wire !== this.#wire.name) {
      this.#lost ||= content.length > 0;
      return undefined;
    }
    for (const { id } of content.flatMap((one) => storedIds(one))) this.#noteStored(id);
    return event;
  }

  #response(tier = ""): FlowEvent | undefined {
    const serviceTier = own(this.#wire.tiers, tier.toLowerCase());
    return serviceTier === undefined ? undefined : { type: "response", serviceTier };
  }

  #noteStored(id: string): void {
    this.#storedIds ??= new Set();
    this.#storedIds.add(id);
  }

  #noteCall({ sample, index, id }: Extract<FlowEvent, { type: "tool-call-start" }>): void {
    this.#calls ??= new Map();
    this.#calls.set(`${sample} ${index}`, id);
  }

  #noteState({ sample, index, signature }: Extract<Signature, { part: "tool-call" }>): void {
    const id = this.#calls?.get(`${sample} ${index}`);
    if (id === undefined) return;
    this.#callStates ??= new Map();
    this.#callStates.set(id, wrapped({ owner: this.provider ?? "", signature }));
  }

  /** The state of this wire format stays as it is; that of others is wrapped, if there is a place for it. */
  #signed(event: Signature): FlowEvent | undefined {
    const { provider = "" } = this;
    if (provider === this.#wire.vendor && this.#wire.readsState(event.signature)) return event;
    if (event.part === "text" && this.#wire.signsText !== true) return undefined;
    const signature = wrapped({ owner: provider, signature: event.signature, ...this.#reasoningOf(event) });
    const inCall = event.part === "tool-call" ? this.#wire.callState?.(signature) : undefined;
    return { ...event, signature: inCall ?? signature };
  }

  /** What a client may not return with the state. */
  #reasoningOf(event: Signature): Pick<State, "text" | "redacted"> {
    if (event.part !== "reasoning") return {};
    const { sample, redacted = false } = event;
    const text = this.#reasoning?.get(sample) ?? "";
    this.#reasoning?.delete(sample);
    return { redacted, ...(this.#wire.dropsReasoning && !redacted && { text }) };
  }
}
