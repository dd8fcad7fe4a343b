export type {
  Fault,
  ProblemKind,
  PromptSegment,
  ReasoningWish,
  RecordedRequest,
  SimulatedAnswer,
  SimulatedFinish,
  SimulatedRequest,
  SimulatedTool,
  SimulatedTurn,
  SimulatedUsage,
  Simulator,
  SimulatorOptions,
  ToolResult,
  WireName,
} from "../simulator/server.ts";
export { startSimulator } from "../simulator/server.ts";
