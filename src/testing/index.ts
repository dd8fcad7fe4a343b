/// <reference types="node" preserve="true" />
import "../core/require-node.ts";

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
export { type Cassette, type CassetteOptions, cassette } from "./cassette.ts";
export type {
  DialectAnswer,
  DialectContract,
  DialectFailure,
  DialectResponse,
  ExpectedReply,
} from "./dialect-contract/contract.ts";
export { testDialect } from "./dialect-contract/test-dialect.ts";
export type { FaultExpectation } from "./fault-server/expectation.ts";
export { type FaultServer, faultServer } from "./fault-server/fault-server.ts";
export type { RequestMatch } from "./fault-server/match.ts";
export type { FaultRoute, FaultServerOptions } from "./fault-server/options.ts";
export type { ReceivedRequest } from "./fault-server/received-request.ts";
export type { FaultScript, FaultStep, GzipMode, LineEnd, RateLimits } from "./fault-server/step.ts";
export type { CertificateKind } from "./fault-server/test-certificates.ts";
export { type RecordingOptions, type RecordingTransport, recordingTransport } from "./recording-transport.ts";
export type { SentRequest } from "./sent-request.ts";
export * from "./simulator.ts";
