import { own } from "../../../core/own.ts";
import { asObject, asObjects, asString, type Json } from "../../served/json.ts";
import { FlatNames } from "./namespaces.ts";

/** The tool of the request that a call is of, which decides how the call is written. */
export interface CalledTool {
  readonly kind: "function" | "custom" | "apply_patch" | "shell" | "local_shell";
  readonly name: string;
  readonly namespace?: string;
}

type Kind = CalledTool["kind"];

const KINDS: Readonly<Record<string, Kind>> = {
  custom: "custom",
  apply_patch: "apply_patch",
  shell: "shell",
  local_shell: "local_shell",
};

type Tools = ReadonlyMap<string, CalledTool>;

/** Finds the tool of a call by the name that the model used. A name that the request does not have is a function's. */
export class CalledTools {
  readonly #tools: Tools;

  constructor({ tools }: Json) {
    this.#tools = toolsIn(tools);
  }

  of(name: string): CalledTool {
    return this.#tools.get(name) ?? { kind: "function", name };
  }
}

const NO_TOOLS: Tools = new Map();

function toolsIn(tools: unknown): Tools {
  const list = asObjects(tools);
  if (list.length === 0) return NO_TOOLS;
  const found = new Map<string, CalledTool>();
  for (const tool of list) {
    const kind = kindOf(tool);
    // Chat completions nests the fields of a tool.
    const name = asString(tool.name) ?? asString(asObject(tool[kind])?.name) ?? kind;
    if (tool.type !== "namespace") found.set(name, { kind, name });
  }
  const { places } = new FlatNames(tools);
  for (const [flat, { namespace, name, type }] of places) found.set(flat, { kind: kindOf({ type }), name, namespace });
  return found;
}

function kindOf({ type }: Json): Kind {
  return own(KINDS, asString(type) ?? "") ?? "function";
}

/** The input of a custom tool, which other wire formats have as an argument. */
export function customInput(args: unknown, json: string): string {
  return asString(asObject(args)?.input) ?? json;
}
