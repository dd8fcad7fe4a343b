import type { Adjustment } from "../../core/attempt.ts";
import type { ModelRequest, Settings } from "../../core/request.ts";
import type { ResponseHistory } from "../server-wire.ts";
import type { Fields } from "./fields.ts";
import type { Json } from "./json.ts";

/** A request as it came, before it is read. */
export interface ReceivedRequest {
  readonly body: Json;
  /** Model and kind of answer, where the wire has them in the path. */
  readonly model?: string | undefined;
  readonly streaming?: boolean | undefined;
  /** The provider that is said to have issued reasoning and signatures that come back. */
  readonly owner: string;
  /** The conversations that `previous_response_id` may name. */
  readonly history?: ResponseHistory;
}

/** A request as a client sent it, with nothing lost. */
export interface ServedRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly request: ModelRequest;
  /** Fields that nothing stands for, each by its path, and what stands for something else. */
  readonly adjustments: readonly Adjustment[];
}

/** What a body said, with all that was not read of it. */
export function servedRequest(
  body: Fields,
  read: Pick<ServedRequest, "model" | "stream"> & Pick<ModelRequest, "messages" | "settings" | "samples">,
  adjustments: readonly Adjustment[],
): ServedRequest {
  const { model, stream, messages, settings, samples } = read;
  const request = { messages, settings: given(settings), samples, extraBody: {}, extraHeaders: {} };
  return { model, stream, request, adjustments: [...adjustments, ...body.unread()] };
}

function given(settings: ModelRequest["settings"]): ModelRequest["settings"] {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as Settings as ModelRequest["settings"];
}
