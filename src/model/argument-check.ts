import type { Schema, Validator } from "@cfworker/json-schema";
import { dropAddedNulls } from "../core/added-nulls.ts";
import { ModelError } from "../core/error.ts";
import type { ToolParameters } from "../core/option-values.ts";
import type { StandardSchema, ValidationResult } from "../core/standard-schema.ts";
import type { JsonSchema } from "../core/tool.ts";
import { isStandardSchema, jsonSchemaOf } from "./schema-json.ts";

export type Checked = { readonly ok: true; readonly args: unknown } | { readonly ok: false; readonly problem: string };

export type ArgumentCheck = (args: unknown) => Checked | Promise<Checked>;

const KNOWN = new WeakMap<ToolParameters, ArgumentCheck>();

/**
 * Validates the arguments of a tool call; `problem` is for the model.
 * @throws ModelError `invalid_request` if the schema cannot be used.
 */
export function argumentCheck(parameters: ToolParameters, tool: string): ArgumentCheck {
  const known = KNOWN.get(parameters);
  if (known !== undefined) return known;
  const check = isStandardSchema(parameters)
    ? checkOfStandard(parameters as StandardSchema, tool)
    : checkOfJson(parameters as JsonSchema, tool);
  KNOWN.set(parameters, check);
  return check;
}

function checkOfStandard(schema: StandardSchema, tool: string): ArgumentCheck {
  const json = jsonSchemaOf(schema, `tool "${tool}": parameters`);
  return async (args) => {
    const result: ValidationResult<unknown> = await schema["~standard"].validate(dropAddedNulls(args, json));
    if (result.issues === undefined) return { ok: true, args: result.value };
    const problems = result.issues.map(({ path = [], message }) => {
      const at = path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
      return at === "" ? message : `${at}: ${message}`;
    });
    return { ok: false, problem: problems.join("; ") };
  };
}

/** An interpreting validator, because one that compiles schemas needs `eval`, which edge runtimes forbid. */
function checkOfJson(schema: JsonSchema, tool: string): ArgumentCheck {
  let validator: Validator | undefined;
  return async (given) => {
    validator ??= await validatorOf(schema, tool);
    const args = dropAddedNulls(given, schema);
    const { valid, errors } = validate(validator, args, tool);
    if (valid) return { ok: true, args };
    const problems = errors
      .filter(({ keyword }) => !REPEATED.includes(keyword))
      .slice(0, MAX_PROBLEMS)
      .map(({ instanceLocation, error }) => `${instanceLocation.replace("#", "arguments")}: ${error}`);
    return { ok: false, problem: problems.join("; ") };
  };
}

async function validatorOf(schema: JsonSchema, tool: string): Promise<Validator> {
  const library = await import("@cfworker/json-schema");
  try {
    return new library.Validator(schema as Schema, "2020-12", false);
  } catch (cause) {
    throw unusable(tool, cause);
  }
}

/** References and patterns of a schema are resolved when they are first needed. */
function validate(validator: Validator, args: unknown, tool: string) {
  try {
    return validator.validate(args);
  } catch (cause) {
    throw unusable(tool, cause);
  }
}

function unusable(tool: string, cause: unknown): ModelError {
  const why = cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause);
  return new ModelError({ code: "invalid_request", message: `tool "${tool}": parameters: ${why}`, cause });
}

const MAX_PROBLEMS = 5;
/** Keywords whose errors only say that there is an error further inside. */
const REPEATED: readonly string[] = ["properties", "items", "prefixItems", "$ref", "false"];
