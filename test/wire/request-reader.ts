import type { Tree } from "../harness/recording-files.ts";
import type { Wire } from "../harness/wires.ts";

/** What a request body contains of the conversation, read according to the documentation of its wire. */
export interface HandedOver {
  readonly calls: { id: string; name: string; arguments: unknown }[];
  readonly results: { id: string; content: string }[];
}

const trees = (value: unknown): readonly Tree[] => (Array.isArray(value) ? value : []);
const tree = (value: unknown): Tree => (typeof value === "object" && value !== null ? (value as Tree) : {});

export function readRequest(wire: Wire, body: Tree): HandedOver {
  const seen: HandedOver = { calls: [], results: [] };
  const result = (id: unknown, content: unknown) =>
    seen.results.push({ id: String(id), content: stringsIn(content).join("") });
  const call = (id: unknown, name: unknown, args: unknown) =>
    seen.calls.push({ id: String(id), name: String(name), arguments: args });
  switch (wire) {
    case "openai":
      for (const message of trees(body["messages"])) {
        for (const { id, function: details } of trees(message["tool_calls"]))
          call(id, tree(details)["name"], JSON.parse(String(tree(details)["arguments"])));
        if (message["role"] === "tool") result(message["tool_call_id"], message["content"]);
      }
      break;
    case "openai-responses":
      for (const item of trees(body["input"])) readItem(item, call, result);
      break;
    case "anthropic":
      for (const block of trees(body["messages"]).flatMap((message) => trees(message["content"]))) {
        if (block["type"] === "tool_use") call(block["id"], block["name"], block["input"]);
        if (block["type"] === "tool_result") result(block["tool_use_id"], block["content"]);
      }
      break;
    case "google":
      readGoogle(body, call, result);
      break;
    default:
  }
  return seen;
}

type NoteCall = (id: unknown, name: unknown, args: unknown) => void;
type NoteResult = (id: unknown, content: unknown) => void;

function readItem(item: Tree, call: NoteCall, result: NoteResult): void {
  const id = item["call_id"];
  switch (item["type"]) {
    case "function_call":
      call(id, item["name"], JSON.parse(String(item["arguments"])));
      break;
    case "custom_tool_call":
      call(id, item["name"], { input: item["input"] });
      break;
    case "apply_patch_call":
      call(id, "apply_patch", item["operation"]);
      break;
    case "local_shell_call":
      call(id, "local_shell", item["action"]);
      break;
    case "shell_call":
      call(id, "shell", item["action"]);
      break;
    case "local_shell_call_output":
      result(item["id"], item["output"]);
      break;
    case "function_call_output":
    case "custom_tool_call_output":
    case "apply_patch_call_output":
    case "shell_call_output":
      result(id, item["output"]);
      break;
    default:
  }
}

/** Without ids, the results of a turn are in the order of its calls. */
function readGoogle(body: Tree, call: NoteCall, result: NoteResult): void {
  let calls = 0;
  let results = 0;
  for (const part of trees(body["contents"]).flatMap((content) => trees(content["parts"]))) {
    const asked = tree(part["functionCall"]);
    const given = tree(part["functionResponse"]);
    if (asked["name"] !== undefined) call(asked["id"] ?? `position-${calls++}`, asked["name"], asked["args"] ?? {});
    if (given["name"] !== undefined) result(given["id"] ?? `position-${results++}`, given["response"]);
  }
}

/** Every string in a value, in order. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}
