/** A function the model may call. `parameters` is a JSON Schema of an object. */
export interface Tool {
  readonly name: string;
  readonly description?: string;
  readonly parameters: JsonSchema;
  /** Ask the provider to enforce the schema, where it can. */
  readonly strict?: boolean;
}

export type JsonSchema = { readonly [keyword: string]: unknown };

export type ToolChoice = "auto" | "none" | "required" | { readonly name: string };

export const TOOL_KINDS = ["function", "custom", "apply_patch", "shell"] as const;

/**
 * What a call asks for, and the shape of its arguments: those of a function are its parameters, those of a custom tool
 * are `{ input }`, apply_patch has an operation and shell has an action.
 */
export type ToolKind = (typeof TOOL_KINDS)[number];

/** A call the model asks for. `arguments` is the parsed `json`. */
export interface ToolCall {
  /** Custom providers may omit it: the call is a function call. */
  readonly kind?: ToolKind;
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  readonly json: string;
}
