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

/** A call the model asks for. `arguments` is the parsed `json`. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  readonly json: string;
}
