import { ANYTHING, checkOptions, FLAG, invalidOption, type OptionRules, TEXT } from "../core/check-options.ts";
import type { ToolParameters, ToolsInput } from "../core/option-values.ts";
import type { InferInput, InferOutput, StandardSchema } from "../core/standard-schema.ts";
import type { ToolCall } from "../core/tool.ts";
import type { ToolContext } from "../core/tool-context.ts";
import { EXECUTION_RULES } from "./tool-list.ts";

/** The arguments that a tool with this schema is executed with; of a JSON Schema, the type is not known. */
export type ArgumentsOf<Parameters> = Parameters extends StandardSchema ? InferOutput<Parameters> : LooseArguments;

type LooseArguments = Readonly<Record<string, unknown>>;

/** What `tool` takes. */
export interface ToolDefinition<Name extends string | undefined, Parameters extends ToolParameters> {
  /** Omit it if the tool is given in an object of tools, whose key is its name. */
  readonly name?: Name;
  readonly description?: string | undefined;
  /** JSON Schema, or a zod schema (any Standard Schema with JSON Schema output). Default: no parameters. */
  readonly parameters?: Parameters | undefined;
  /** The same as `parameters`. */
  readonly inputSchema?: Parameters | undefined;
  /** Ask the provider to enforce the schema, if it can. */
  readonly strict?: boolean | undefined;
  /**
   * Called by `run` with validated arguments. A string, parts (text and images) or a value that JSON can represent is sent to
   * the model; an error that it throws is sent too, as an error. Without it, a call of this tool ends the run as "pending".
   */
  readonly execute?: ((args: ArgumentsOf<Parameters>, context: ToolContext) => unknown) | undefined;
  /** Maximum duration of `execute`, milliseconds. Default: until the deadline of the run. */
  readonly timeoutMs?: number | undefined;
  /** Whether a call ends the run as "pending" instead of being executed. Default false. */
  readonly needsApproval?: boolean | ((args: ArgumentsOf<Parameters>) => boolean | Promise<boolean>) | undefined;
}

/** A tool with what runs it; accepted wherever tools are. */
export type RunTool<Name extends string | undefined, Parameters extends ToolParameters> = Readonly<
  Omit<ToolDefinition<Name, Parameters>, "name" | "parameters" | "inputSchema">
> & { readonly parameters: Parameters } & (Name extends string ? { readonly name: Name } : { readonly name?: never });

const DEFINITION_RULES: OptionRules<ToolDefinition<string, ToolParameters>> = {
  name: TEXT,
  description: TEXT,
  parameters: ANYTHING,
  inputSchema: ANYTHING,
  strict: FLAG,
  ...EXECUTION_RULES,
};

const NO_PARAMETERS = { type: "object", properties: {} } as const;

/**
 * A tool for `model.run`, with the types of its arguments taken from `parameters`.
 * @throws ModelError `invalid_request` for an unknown or wrong field.
 * @example
 * import { ModelFactory, tool } from "modelwright";
 * import { z } from "zod";
 *
 * const model = (await ModelFactory.load()).create();
 * const weather = tool({
 *   name: "weather",
 *   description: "The weather in a city.",
 *   parameters: z.object({ city: z.string() }),
 *   execute: async ({ city }) => `Sunny in ${city}`,
 * });
 * const { reply } = await model.run("What is the weather in Lisbon?", { tools: [weather] });
 */
export function tool<
  const Name extends string | undefined = undefined,
  const Parameters extends ToolParameters = typeof NO_PARAMETERS,
>(definition: ToolDefinition<Name, Parameters>): RunTool<Name, Parameters> {
  checkOptions(definition, DEFINITION_RULES, "tool");
  const { parameters, inputSchema, ...rest } = definition;
  if (parameters !== undefined && inputSchema !== undefined)
    throw invalidOption(
      `tool "${definition.name ?? ""}": give parameters or inputSchema, not both; they mean the same`,
    );
  return Object.freeze({ ...rest, parameters: parameters ?? inputSchema ?? NO_PARAMETERS }) as unknown as RunTool<
    Name,
    Parameters
  >;
}

type InputOf<T> = T extends { readonly parameters: infer Schema extends StandardSchema }
  ? InferInput<Schema>
  : T extends { readonly inputSchema: infer Schema extends StandardSchema }
    ? InferInput<Schema>
    : unknown;

type CallNamed<T, Name> = Name extends string ? ToolCall<Name, InputOf<T>> : never;

/** The calls of one tool. */
type CallOfTool<T> = T extends { readonly name: infer Name extends string }
  ? CallNamed<T, Name>
  : T extends { readonly type: "function"; readonly function: infer Nested extends { readonly name: string } }
    ? CallNamed<Nested, Nested["name"]>
    : never;

/** The tool calls that an answer to a request with these tools may have. */
export type ToolCallOf<Tools extends ToolsInput> = ToolsInput extends Tools
  ? ToolCall
  : Tools extends readonly (infer T)[]
    ? CallOfTool<T>
    : { [Name in keyof Tools]: CallNamed<Tools[Name], Name> }[keyof Tools];

/** The option `tools` of a call, with its own type. */
export interface WithTools<Tools extends ToolsInput> {
  readonly tools?: Tools | undefined;
}
