import type { JsonSchema, Tool } from "../../../core/tool.ts";

const text = { type: "string" };
const integer = { type: "integer" };
const point = { type: "array", items: integer, minItems: 2, maxItems: 2 };

function parameters(required: readonly string[], properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: "object", properties, required };
}

const EDITS = ["view", "create", "str_replace", "insert"];
const EDIT_FIELDS = {
  path: text,
  file_text: text,
  old_str: text,
  new_str: text,
  insert_line: integer,
  insert_text: text,
  view_range: point,
};

interface ClientTool {
  /** Types begin with it; a date follows. */
  readonly type: string;
  readonly description: string;
  readonly parameters: JsonSchema;
}

/**
 * Tools that run at the client and that Anthropic's models know, as functions with the documented input.
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/bash-tool, …/text-editor-tool, …/memory-tool, …/computer-use-tool
 */
const CLIENT_TOOLS: readonly ClientTool[] = [
  {
    type: "bash_",
    description: "Runs a command in a persistent bash session, or restarts the session.",
    parameters: parameters([], { command: text, restart: { type: "boolean" } }),
  },
  {
    type: "text_editor_",
    description: "Views, creates and edits text files.",
    parameters: parameters(["command", "path"], {
      command: { type: "string", enum: [...EDITS, "undo_edit"] },
      ...EDIT_FIELDS,
    }),
  },
  {
    type: "memory_",
    description: "Stores information in files below /memories, across conversations.",
    parameters: parameters(["command"], {
      command: { type: "string", enum: [...EDITS, "delete", "rename"] },
      ...EDIT_FIELDS,
      old_path: text,
      new_path: text,
    }),
  },
  {
    type: "computer_",
    description: "Controls the mouse and the keyboard of a computer, and takes screenshots.",
    parameters: parameters(["action"], {
      action: {
        type: "string",
        enum: [
          ...["key", "type", "mouse_move", "left_click", "left_click_drag", "right_click", "middle_click"],
          ...["double_click", "triple_click", "left_mouse_down", "left_mouse_up", "scroll", "hold_key", "wait"],
          ...["screenshot", "cursor_position", "zoom"],
        ],
      },
      coordinate: point,
      start_coordinate: point,
      region: { type: "array", items: integer, minItems: 4, maxItems: 4 },
      text,
      duration: { type: "number" },
      scroll_direction: { type: "string", enum: ["up", "down", "left", "right"] },
      scroll_amount: integer,
    }),
  },
];

/** A toolset has several tools, whose calls have other names. */
const TOOLSET = /^computer_toolset_/;

/** The function for a tool of this type; `undefined` if Anthropic runs the tool. */
export function clientTool(type: string, name: string): Tool | undefined {
  const known = TOOLSET.test(type) ? undefined : CLIENT_TOOLS.find((tool) => type.startsWith(tool.type));
  return known && { name, description: known.description, parameters: known.parameters };
}
