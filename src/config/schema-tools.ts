import * as z from "zod";
import type { ResponseFormat } from "../core/request.ts";
import type { Tool, ToolChoice } from "../core/tool.ts";
import { freeTable, oneOf, text } from "./schema-values.ts";
import { isTable, type Table } from "./table.ts";

const toolName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, {
  error: "must be 1 to 64 letters, digits, dots, dashes or underscores",
});

const functionKeys = {
  name: toolName,
  description: z.string().optional(),
  parameters: freeTable().optional().meta({ description: "JSON Schema of the arguments, an object." }),
  strict: z.boolean().optional().meta({ description: "Ask the provider to enforce the schema." }),
};

const tool = oneOf('a function tool: { type = "function", function = { name = "…", … } } or { name = "…", … }', [
  z.strictObject({ type: z.literal("function"), function: z.strictObject(functionKeys) }),
  z.strictObject({ type: z.literal("function").optional(), ...functionKeys }),
]);

/** Providers reject two tools of the same name with a 400, or call the wrong one. */
export const tools = z.array(tool).check(({ value, issues }) => {
  const seen = new Set<string>();
  for (const [index, one] of value.entries()) {
    const name = "function" in one ? one.function.name : one.name;
    if (seen.has(name))
      issues.push({
        code: "custom",
        input: one,
        path: [index],
        message: `must have different names; two are named "${name}"`,
      });
    seen.add(name);
  }
});

export const toolChoice = oneOf('"auto", "none", "required" or { name = "…" }', [
  z.enum(["auto", "none", "required"]),
  z.strictObject({ name: toolName }),
  z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: toolName }) }),
]);

const schemaKeys = {
  name: toolName,
  schema: freeTable(),
  strict: z.boolean().optional(),
  description: z.string().optional(),
};

export const responseFormat = oneOf(
  '{ type = "text" }, { type = "json_object" } or { type = "json_schema", name = "…", schema = { … } }',
  [
    z.strictObject({ type: z.enum(["text", "json_object"]) }),
    z.strictObject({ type: z.literal("json_schema"), json_schema: z.strictObject(schemaKeys) }),
    z.strictObject({ type: z.literal("json_schema"), ...schemaKeys }),
  ],
);

const part = z.looseObject({ type: text() });

export const messages = z.array(
  z.strictObject({
    role: z.enum(["system", "developer", "user", "assistant", "tool"]),
    content: oneOf("a string or an array of parts", [z.string(), z.array(part).min(1)]),
    tool_calls: z.array(freeTable()).optional(),
    tool_call_id: text().optional(),
  }),
);

export function toolsOf(written: readonly Table[]): readonly Tool[] {
  return written.map(toolOf);
}

function toolOf(tool: Table): Tool {
  const { type: _type, ...flat } = isTable(tool.function) ? tool.function : tool;
  return { parameters: { type: "object", properties: {} }, ...flat } as unknown as Tool;
}

export function toolChoiceOf(choice: string | Table): ToolChoice {
  if (!isTable(choice)) return choice as ToolChoice;
  const named = isTable(choice.function) ? choice.function : choice;
  return { name: String(named.name) };
}

export function responseFormatOf(format: Table): ResponseFormat {
  const { json_schema: nested, ...flat } = format;
  return { ...flat, ...(isTable(nested) ? nested : {}) } as unknown as ResponseFormat;
}
