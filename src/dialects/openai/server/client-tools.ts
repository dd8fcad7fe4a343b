import type { JsonSchema, Tool } from "../../../core/tool.ts";

const text = { type: "string" };
const integer = { type: "integer" };

function tool(name: string, description: string, properties: JsonSchema, required: readonly string[]): Tool {
  return { name, description, parameters: { type: "object", properties, required } };
}

/**
 * Tools that run at the client and that OpenAI's models know, as functions with the documented input.
 * https://platform.openai.com/docs/guides/tools-shell, …/tools-apply-patch, …/tools-local-shell
 */
export const CLIENT_TOOLS: Readonly<Record<string, Tool>> = {
  shell: tool(
    "shell",
    "Runs shell commands, each of them on its own and at the same time.",
    { commands: { type: "array", items: text }, timeout_ms: integer, max_output_length: integer },
    ["commands"],
  ),
  local_shell: tool(
    "local_shell",
    "Runs one command.",
    {
      type: { type: "string", enum: ["exec"] },
      command: { type: "array", items: text, description: "The program and its arguments." },
      env: { type: "object", additionalProperties: text },
      timeout_ms: integer,
      user: text,
      working_directory: text,
    },
    ["type", "command", "env"],
  ),
  apply_patch: tool(
    "apply_patch",
    "Creates, updates or deletes one file. A diff has lines that begin with '+', '-' or a space, after a line with '@@'.",
    { type: { type: "string", enum: ["create_file", "update_file", "delete_file"] }, path: text, diff: text },
    ["type", "path"],
  ),
};
