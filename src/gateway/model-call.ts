import type { GatewayKey } from "../config/load.ts";
import type { Adjustment } from "../core/attempt.ts";
import type { GivenDeadline } from "../core/call.ts";
import type { Message } from "../core/message.ts";
import type { SameWire } from "../core/same-wire.ts";
import type { Json } from "../dialects/served/json.ts";
import type { Problem } from "../dialects/served/problem.ts";
import { Rejection } from "../dialects/served/problem.ts";
import { contextOf, type Model } from "../model/model.ts";
import type { CallOptions } from "../model/options.ts";
import type { Arrival } from "./arrival.ts";
import { callsWithoutState, withCallStates, withOwners } from "./foreign-state.ts";
import { requireIssued } from "./issued-ids.ts";
import { readBody } from "./request-body.ts";
import { DEADLINE_HEADER, headerOptions, wireHeaders } from "./request-headers.ts";
import { withStored } from "./stored-responses.ts";

/** A request as a call of a model. */
export interface ModelCall {
  readonly model: Model;
  /** The name in the request. */
  readonly name: string;
  readonly body: Json;
  /** Stores the response for later requests, if the wire format does that. */
  readonly keep: ((response: Json) => Promise<void>) | undefined;
  /** Stores the state of tool calls for later requests. */
  readonly keepStates: (states: ReadonlyMap<string, string>) => Promise<void>;
  /** Notes the ids of what the provider stores that this client may use. */
  readonly keepIssued: (ids: ReadonlySet<string>) => Promise<void>;
  readonly stream: boolean;
  readonly messages: readonly Message[];
  readonly options: CallOptions;
  readonly deadlineAtMs: number | undefined;
  readonly deadlineOf: GivenDeadline | undefined;
  readonly adjustments: readonly Adjustment[];
  /** What only targets of the same wire format get. */
  readonly sameWire: SameWire;
  /** Estimated tokens of the prompt, and the context window; `undefined` if it seems to fit. */
  readonly promptSize: () => Problem["context"];
}

/** @throws Rejection for a request that cannot be served. */
export async function callOf(arrival: Arrival, counting = false): Promise<ModelCall> {
  const { request, wire, names, key, model: inPath, streaming } = arrival;
  const header = headerOptions(request);
  const resolved = await withStored(arrival, await readBody(arrival));
  const { body } = resolved;
  const { stored } = wire;
  const read = wire.readRequest({ ...resolved, model: inPath, streaming, counting, owner: wire.vendor });
  const model = await names.model(read.model, request);
  await requireIssued(arrival, model, body);
  const { settings, samples } = read.request;
  const metadata = header.options.metadata && { metadata: { ...settings.metadata, ...header.options.metadata } };
  const options: CallOptions = {
    ...settings,
    ...header.options,
    ...metadata,
    ...callerOf(key, header.options.tags),
    ...(samples !== 1 && { samples }),
  };
  const returned = withOwners(read.request.messages, wire.dropsReasoning === true);
  const messages = await withStates(arrival, returned);
  const headers = wireHeaders(request, wire.name);
  const sameWire = { ...read.sameWire, body: bodyFor(key, read.sameWire.body), headers };
  refuseChanges(model, read.adjustments, sameWire);
  return {
    model,
    name: read.model,
    body,
    keep: stored && ((response) => arrival.responses.keep(stored.kept(resolved, response))),
    keepStates: (states) => arrival.responses.keepCallStates(states),
    keepIssued: async (ids) => {
      if (key !== undefined) await arrival.responses.keepIssued(ids);
    },
    stream: read.stream,
    messages,
    options,
    deadlineAtMs: deadlineAt(model, header.deadlineMs),
    deadlineOf: header.deadlineMs === undefined ? undefined : { limitMs: header.deadlineMs, by: DEADLINE_HEADER },
    adjustments: read.adjustments,
    sameWire,
    promptSize: () => promptSize(model, messages, options),
  };
}

/** The user of a key also replaces the user in the field for abuse reports, which the client chose. */
function bodyFor(key: GatewayKey | undefined, body: SameWire["body"]): SameWire["body"] {
  if (key?.user === undefined || body.safety_identifier === undefined) return body;
  return { ...body, safety_identifier: key.user };
}

/** The state of calls that the client returned without it. */
async function withStates({ wire, responses }: Arrival, messages: readonly Message[]): Promise<readonly Message[]> {
  if (wire.losesCallState !== true) return messages;
  return withCallStates(messages, await responses.callStates(callsWithoutState(messages)));
}

/** What a key says of its calls. Its user takes precedence over that of the request, which the client chose. */
export function callerOf(
  key: GatewayKey | undefined,
  tags: readonly string[] | undefined,
): Pick<CallOptions, "user" | "tags"> {
  if (key === undefined) return {};
  const all = [...(tags ?? []), ...key.tags];
  return { ...(key.user !== undefined && { user: key.user }), ...(all.length > 0 && { tags: all }) };
}

/** An entry with `strict`, or without `drop_params`, gets no request that lacks a part of what the client sent. */
function refuseChanges(model: Model, adjustments: readonly Adjustment[], { wire, losses, refusal }: SameWire): void {
  const { dialect, adaptation } = contextOf(model)?.target ?? {};
  const isSame = dialect === wire;
  if (!isSame && refusal !== undefined) throw unsupported("tool_choice", refusal);
  const { strict, dropParams } = adaptation ?? { strict: false, dropParams: true };
  const refused = (isSame ? adjustments : [...adjustments, ...losses]).find(
    ({ to }) => strict || (!dropParams && to === undefined),
  );
  if (refused !== undefined) throw unsupported(refused.setting, `${refused.setting}: ${refused.reason}`);
}

function unsupported(param: string, message: string): Rejection {
  return new Rejection({ kind: "invalid", message, param, code: "unsupported" });
}

function deadlineAt(model: Model, deadlineMs: number | undefined): number | undefined {
  const clock = contextOf(model)?.clock;
  return deadlineMs === undefined || clock === undefined ? undefined : clock.monotonic() + deadlineMs;
}

function promptSize(model: Model, messages: readonly Message[], options: CallOptions): Problem["context"] {
  const maximum = contextOf(model)?.target.facts.context;
  if (maximum === undefined) return undefined;
  try {
    const { tokens } = model.estimate(messages, options);
    return tokens > maximum ? { tokens, maximum } : undefined;
  } catch {
    return undefined;
  }
}
