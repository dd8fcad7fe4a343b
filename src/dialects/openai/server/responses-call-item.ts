import { asObject, type Json } from "../../served/json.ts";
import { type CalledTool, customInput } from "./called-tools.ts";
import type { WrittenItem } from "./responses-items.ts";

interface Row {
  readonly idPrefix: string;
  readonly type: string;
  /** The fields of the item for these arguments. */
  readonly fields: (tool: CalledTool, json: string, args: unknown) => Json;
  /** The name of the events of the arguments, and the field of the complete ones; absent: the item has no such events. */
  readonly streamed?: { readonly event: string; readonly field: string };
}

const ROWS: Readonly<Record<CalledTool["kind"], Row>> = {
  function: {
    idPrefix: "fc_",
    type: "function_call",
    fields: ({ name, namespace }, json) => ({ arguments: json, name, ...(namespace !== undefined && { namespace }) }),
    streamed: { event: "response.function_call_arguments", field: "arguments" },
  },
  custom: {
    idPrefix: "ctc_",
    type: "custom_tool_call",
    fields: ({ name, namespace }, json, args) => {
      return { input: customInput(args, json), name, ...(namespace !== undefined && { namespace }) };
    },
    streamed: { event: "response.custom_tool_call_input", field: "input" },
  },
  apply_patch: { idPrefix: "apc_", type: "apply_patch_call", fields: (_, __, args) => ({ operation: args }) },
  shell: {
    idPrefix: "sh_",
    type: "shell_call",
    fields: (_, __, args) => ({
      action: { timeout_ms: null, max_output_length: null, ...asObject(args) },
      environment: null,
    }),
  },
  local_shell: {
    idPrefix: "lsh_",
    type: "local_shell_call",
    fields: (_, __, args) => ({ action: { type: "exec", env: {}, ...asObject(args) } }),
  },
};

export function idPrefix({ kind }: CalledTool): string {
  return ROWS[kind].idPrefix;
}

interface CallParts {
  readonly index: number;
  readonly id: string;
  readonly callId: string;
  readonly tool: CalledTool;
}

/** A call as an item of the tool's type. */
export class CallItem implements WrittenItem {
  readonly index: number;
  readonly #parts: CallParts;
  readonly #row: Row;
  #json = "";
  #args: unknown;
  #complete = false;

  constructor(parts: CallParts) {
    this.index = parts.index;
    this.#parts = parts;
    this.#row = ROWS[parts.tool.kind];
  }

  /** Whether its arguments are an object of the wire format, of which nothing can be written before it is complete. */
  get isTyped(): boolean {
    return this.#row.streamed === undefined;
  }

  /** The input of a custom tool is a part of the arguments, so it is written when they are complete. */
  arguments(delta: string): readonly Json[] {
    this.#json += delta;
    return this.#parts.tool.kind === "function" ? [this.#delta(delta)] : [];
  }

  complete(json: string, args: unknown): void {
    this.#json = json;
    this.#args = args;
    this.#complete = true;
  }

  opening(): Json {
    return this.#item("in_progress", "", this.isTyped ? this.#args : { input: "" });
  }

  endings(): readonly Json[] {
    const { streamed } = this.#row;
    if (streamed === undefined) return [];
    const { tool } = this.#parts;
    const whole = tool.kind === "custom" ? customInput(this.#args, this.#json) : this.#json;
    const named = tool.kind === "function" ? { name: tool.name } : {};
    const done = { type: `${streamed.event}.done`, ...this.#place(), ...named, [streamed.field]: whole };
    return tool.kind === "custom" ? [this.#delta(whole), done] : [done];
  }

  done(): Json {
    return this.#item(this.#complete ? "completed" : "incomplete", this.#json, this.#args);
  }

  #item(status: string, json: string, args: unknown): Json {
    const { id, callId, tool } = this.#parts;
    return { id, type: this.#row.type, status, call_id: callId, ...this.#row.fields(tool, json, args) };
  }

  #delta(delta: string): Json {
    return { type: `${this.#row.streamed?.event}.delta`, ...this.#place(), delta };
  }

  #place(): Json {
    return { item_id: this.#parts.id, output_index: this.index };
  }
}
