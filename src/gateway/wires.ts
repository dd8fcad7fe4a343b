import type { WireName } from "../core/wire-name.ts";
import { messagesServer } from "../dialects/anthropic/server/messages-server.ts";
import { generateServer } from "../dialects/google/server/generate-server.ts";
import { chatServer } from "../dialects/openai/server/chat-server.ts";
import { responsesServer } from "../dialects/openai/server/responses-server.ts";
import type { WireServer } from "../dialects/served/wire-server.ts";

/** All that the gateway knows of wire formats. */
export const WIRE_SERVERS: Readonly<Record<WireName, WireServer>> = {
  openai: chatServer,
  "openai-responses": responsesServer,
  anthropic: messagesServer,
  google: generateServer,
};
