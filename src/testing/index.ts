export type { ModelErrorInit } from "../core/error.ts";
export {
  type ScriptedAttempt,
  type ScriptedCall,
  type ScriptedDialect,
  type ScriptStep,
  scripted,
} from "../dialects/scripted/dialect.ts";
export { type BlockedNetwork, blockNetwork } from "./block-network.ts";
export type { CannedAnswer } from "./canned-response.ts";
export { type RecordingOptions, type RecordingTransport, recordingTransport } from "./recording-transport.ts";
export type { SentRequest } from "./sent-request.ts";
export * from "./simulator.ts";
