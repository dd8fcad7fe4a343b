import { type Broken, EPSILON_MS } from "../broken.ts";
import type { VirtualCaller } from "../caller.ts";
import { isOpen, type WireRequest } from "../wire-request.ts";
import { type CachePlan, isSharing, nameOf } from "./cache-plan.ts";

/** Which calls may share a request, and which call has its row. */
export class Flights {
  readonly #plan: CachePlan;
  readonly #broken: Broken;
  readonly #sharing = new Map<string, VirtualCaller[]>();
  readonly #claimed = new Set<WireRequest>();
  /** Calls that sent a request although another one seemed to be in progress; it may have ended at this instant. */
  #suspects: { readonly second: VirtualCaller; readonly first: VirtualCaller }[] = [];

  constructor(plan: CachePlan, broken: Broken) {
    this.#plan = plan;
    this.#broken = broken;
  }

  started(caller: VirtualCaller): void {
    if (!isSharing(caller.plan)) return;
    const name = nameOf(caller.plan, this.#plan);
    this.#sharing.set(name, [...(this.#sharing.get(name) ?? []), caller]);
    caller.mates = () => this.#matesOf(caller, name);
  }

  /** Without a gap, equal calls follow one another: a request may outlive the call that began it. */
  #matesOf(caller: VirtualCaller, name: string): readonly VirtualCaller[] {
    let mates: VirtualCaller[] = [];
    let endMs = Number.NEGATIVE_INFINITY;
    for (const one of this.#sharing.get(name) ?? []) {
      if (one.startedMs > endMs) {
        if (mates.includes(caller)) break;
        mates = [];
      }
      mates.push(one);
      endMs = Math.max(endMs, one.settledMs ?? Number.POSITIVE_INFINITY);
    }
    return mates;
  }

  /** Checked when a request is sent: no equal call has one in progress. */
  arrived(lead: VirtualCaller): void {
    if (!isSharing(lead.plan)) return;
    for (const first of lead.mates()) {
      if (first === lead) continue;
      if (first.requests.some(isOpen)) this.#tellDouble(lead, first);
      else if (!first.settled && first.requests.length > 0) this.#suspects.push({ first, second: lead });
    }
  }

  /** Checked whenever all promises have settled. */
  look(): void {
    for (const { first, second } of this.#suspects) if (!first.settled) this.#tellDouble(second, first);
    this.#suspects = [];
  }

  #tellDouble(second: VirtualCaller, first: VirtualCaller): void {
    this.#broken("P10", `${second.plan.id}: sent a request beside the one of ${first.plan.id}`);
  }

  /** The requests whose rows a call has. */
  requestsOf(caller: VirtualCaller): readonly WireRequest[] {
    if (!isSharing(caller.plan)) return caller.requests;
    const rows = [...caller.rows];
    const requests = caller.mates().flatMap((mate) => mate.requests);
    return requests
      .sort((one, other) => one.startedMs - other.startedMs)
      .filter((request) => {
        if (this.#claimed.has(request)) return false;
        const sinceMs = request.startedMs - caller.startedMs;
        const at = rows.findIndex(
          (row) => row.model === request.entry && Math.abs(row.startedMs - sinceMs) < EPSILON_MS,
        );
        if (at < 0) return false;
        rows.splice(at, 1);
        this.#claimed.add(request);
        return true;
      });
  }

  /** Each request is in the rows of one call. */
  end(): void {
    for (const callers of this.#sharing.values())
      for (const { plan, requests } of callers)
        for (const request of requests)
          if (!this.#claimed.has(request))
            this.#broken("P6", `${plan.id}: no call has a row for ${request.entry} at ${request.startedMs} ms`);
  }
}
