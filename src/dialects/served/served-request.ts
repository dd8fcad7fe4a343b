import type { Adjustment } from "../../core/attempt.ts";
import type { ModelRequest, Settings } from "../../core/request.ts";
import type { ResponseHistory } from "../server-wire.ts";
import type { Fields } from "./fields.ts";
import type { Json } from "./json.ts";
import { refuse } from "./problem.ts";

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
  /** Unsupported fields by path, and values that were mapped to another value. */
  readonly adjustments: readonly Adjustment[];
}

/** Combines the parsed request with the fields of the body that were not read. */
export function servedRequest(
  body: Fields,
  read: Pick<ServedRequest, "model" | "stream"> & Pick<ModelRequest, "messages" | "settings" | "samples">,
  adjustments: readonly Adjustment[],
): ServedRequest {
  const { model, stream, messages, settings, samples } = read;
  refuseForced(settings, adjustments);
  const request = { messages, settings: withoutUndefined(settings), samples, extraBody: {}, extraHeaders: {} };
  return { model, stream, request, adjustments: [...adjustments, ...body.unread()] };
}

/** A tool that cannot be passed on is left out, unless the model must call it. */
function refuseForced({ tools = [], toolChoice }: ModelRequest["settings"], adjustments: readonly Adjustment[]): void {
  const left = adjustments.find(({ setting, to }) => to === undefined && setting.startsWith("tools["));
  if (left === undefined) return;
  const named = typeof toolChoice === "object" ? toolChoice.name : undefined;
  const isMissing = named !== undefined && !tools.some(({ name }) => name === named);
  const isUnread = adjustments.some(({ setting, to }) => to === undefined && setting === "tool_choice");
  if (isMissing || isUnread || (toolChoice === "required" && tools.length === 0))
    refuse(`tool_choice requires a tool that cannot be called: ${left.setting}: ${left.reason}`, "tool_choice");
}

function withoutUndefined(settings: ModelRequest["settings"]): ModelRequest["settings"] {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as Settings as ModelRequest["settings"];
}
