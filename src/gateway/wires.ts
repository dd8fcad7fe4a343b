import type { WireName } from "../core/wire-name.ts";
import { readMessagesRequest } from "../dialects/anthropic/server/messages-request.ts";
import { messagesServer } from "../dialects/anthropic/server/messages-server.ts";
import { readGenerateRequest } from "../dialects/google/server/generate-request.ts";
import { generateServer } from "../dialects/google/server/generate-server.ts";
import { readChatRequest } from "../dialects/openai/server/chat-request.ts";
import { chatServer } from "../dialects/openai/server/chat-server.ts";
import { readResponsesRequest } from "../dialects/openai/server/responses-request.ts";
import { responsesServer } from "../dialects/openai/server/responses-server.ts";
import { storedResponses } from "../dialects/openai/server/stored-responses.ts";
import type { ReceivedRequest, ServedRequest } from "../dialects/served/served-request.ts";
import type { WireServer } from "../dialects/served/wire-server.ts";

export interface GatewayWire extends WireServer {
  /** Throws a Rejection for a body that cannot be served. */
  readRequest(received: ReceivedRequest): ServedRequest;
  /** How clients refer to earlier responses. Absent: they do not. */
  readonly stored?: typeof storedResponses;
}

/** The wire format of a path; `undefined` if several have it, or none. */
export function wireOfPath(path: string): WireName | undefined {
  if (path.startsWith("/v1beta/")) return "google";
  if (path.startsWith("/v1/messages")) return "anthropic";
  if (path.startsWith("/v1/responses")) return "openai-responses";
  return path.startsWith("/v1/chat/") || path.startsWith("/v1/embeddings") ? "openai" : undefined;
}

/** All that the gateway knows of wire formats. The simulator reads requests in a form of its own. */
export const GATEWAY_WIRES: Readonly<Record<WireName, GatewayWire>> = {
  openai: { ...chatServer, readRequest: readChatRequest },
  "openai-responses": { ...responsesServer, readRequest: readResponsesRequest, stored: storedResponses },
  anthropic: { ...messagesServer, readRequest: readMessagesRequest },
  google: { ...generateServer, readRequest: readGenerateRequest },
};
