/// <reference types="node" preserve="true" />
import "../core/require-node.ts";

export type { ChatModelwrightCallOptions } from "./langchain/call.ts";
export { type ChatModelwright, chatModel } from "./langchain/chat-model.ts";
