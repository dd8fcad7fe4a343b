import type { ToolCall } from "../core/tool.ts";
import type { RunFlowEvent, RunResult } from "./run.ts";
import { EventStream, textOf } from "./stream.ts";

/** The events of a run as they arrive: those of its answers, tool results, and the end of each step. */
export class RunStream<Call extends ToolCall = ToolCall> extends EventStream<RunFlowEvent, RunResult<Call>> {
  /** The text of all answers as it arrives, from the same cursor; like `ModelStream.text`. */
  get text(): AsyncIterable<string> {
    return textOf(this);
  }

  /** What `run` returns. Awaiting it reads the stream to its end unless an iteration does. */
  get result(): Promise<RunResult<Call>> {
    return this.settled();
  }
}
