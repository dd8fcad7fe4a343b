import type { Adjustment } from "../../core/attempt.ts";
import type { ModelRequest, Settings } from "../../core/request.ts";
import type { SameWire } from "../../core/same-wire.ts";
import type { ResponseHistory } from "../server-wire.ts";
import type { Fields } from "./fields.ts";
import type { Json } from "./json.ts";

/** A received request before it is parsed. */
export interface ReceivedRequest {
  readonly body: Json;
  /** Model and streaming, if the wire format has them in the path. */
  readonly model?: string | undefined;
  readonly streaming?: boolean | undefined;
  /** Whether its tokens are counted and nothing is generated. */
  readonly counting?: boolean | undefined;
  /** Recorded as the issuer of reasoning and signatures in the request. */
  readonly owner: string;
  /** Stored conversations that `previous_response_id` can refer to. */
  readonly history?: ResponseHistory;
}

/** A parsed client request. `adjustments` lists everything that `request` cannot express. */
export interface ServedRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly request: ModelRequest;
  /** Unsupported fields by path, and values that were mapped to another value, for every target. */
  readonly adjustments: readonly Adjustment[];
  /** What targets of the same wire format get. */
  readonly sameWire: SameWire;
}

/** Combines the parsed request with the fields of the body that were not read. */
export function servedRequest(
  body: Fields,
  read: Pick<ServedRequest, "model" | "stream"> & Pick<ModelRequest, "messages" | "settings" | "samples">,
  adjustments: readonly Adjustment[],
  sameWire: SameWire,
): ServedRequest {
  const { model, stream, messages, settings, samples } = read;
  const request = { messages, settings: withoutUndefined(settings), samples, extraBody: {}, extraHeaders: {} };
  return { model, stream, request, adjustments: [...adjustments, ...body.unread()], sameWire };
}

function withoutUndefined(settings: ModelRequest["settings"]): ModelRequest["settings"] {
  const defined: Record<string, unknown> = {};
  for (const name of Object.keys(settings) as (keyof Settings)[])
    if (settings[name] !== undefined) defined[name] = settings[name];
  return defined as Settings as ModelRequest["settings"];
}
