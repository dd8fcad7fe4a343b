/** A function the model may call. `parameters` is a JSON Schema of an object. */
export interface Tool {
  readonly name: string;
  readonly description?: string;
  readonly parameters: JsonSchema;
  /** Ask the provider to enforce the schema, if it can. */
  readonly strict?: boolean;
}

export type JsonSchema = { readonly [keyword: string]: unknown };

export type ToolChoice = "auto" | "none" | "required" | { readonly name: string };

export const TOOL_KINDS = ["function", "custom", "apply_patch", "shell"] as const;

/**
 * The kind of a tool, which decides the format of its arguments: the parameters of a function, `{ input }` of a custom tool,
 * an operation of apply_patch, an action of shell.
 */
export type ToolKind = (typeof TOOL_KINDS)[number];

/** A tool call by the model. `arguments` is the parsed `json`, not validated. */
export interface ToolCall<Name extends string = string, Arguments = unknown> {
  /** Custom providers may omit it; default: function. */
  readonly kind?: ToolKind;
  readonly id: string;
  readonly name: Name;
  readonly arguments: Arguments;
  readonly json: string;
  /** Why `json` is not a JSON object; `arguments` is then `{}`. Only in a run, which tells the model. */
  readonly problem?: string;
}
