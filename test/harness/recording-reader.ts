import type { Recording, Tree } from "./recording-files.ts";

/**
 * The content of a recording, read as its wire is documented, in the simplest way and without the code under test:
 * the whole recording is in memory, and nothing can be missing.
 */
export interface Expected {
  text: string;
  reasoning: string;
  refusal: string;
  calls: { id: string | undefined; name: string; arguments: unknown }[];
  finish: string;
  usage: { input: number; cacheRead: number; cacheWrite: number; output: number; reasoning: number } | undefined;
  /** Opaque data that must be sent back to this provider only. */
  signatures: string[];
  /** Kinds of content that the canonical model cannot represent. */
  outside: string[];
}

export function read({ wire, events, body }: Recording): Expected {
  switch (wire) {
    case "openai":
      return readChat(events ?? [body as Tree]);
    case "openai-responses":
      return readResponses(events, body);
    case "anthropic":
      return events === undefined ? readMessage(body as Tree) : readMessage(joinMessage(events));
    case "google":
      return readGoogle(events ?? [body as Tree]);
  }
}

const nothing = (): Expected => {
  return { text: "", reasoning: "", refusal: "", calls: [], finish: "", usage: undefined, signatures: [], outside: [] };
};
const trees = (value: unknown): readonly Tree[] => (Array.isArray(value) ? value : []);
const tree = (value: unknown): Tree => (typeof value === "object" && value !== null ? (value as Tree) : {});
const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const string = (value: unknown): string => (typeof value === "string" ? value : "");
const unique = (words: readonly string[]) => [...new Set(words)].sort();

/** https://platform.openai.com/docs/api-reference/chat/streaming */
function readChat(chunks: readonly Tree[]): Expected {
  const seen = nothing();
  const calls: { id: string | undefined; name: string; json: string }[] = [];
  let finish = "";
  const outside: string[] = [];
  for (const chunk of chunks) {
    for (const feature of ["citations", "search_results"]) if (trees(chunk[feature]).length > 0) outside.push(feature);
    const choice = tree(trees(chunk["choices"])[0]);
    finish = string(choice["finish_reason"]) || finish;
    const delta = tree(choice["delta"] ?? choice["message"]);
    seen.reasoning += string(delta["reasoning_content"]) || string(delta["reasoning"]);
    seen.refusal += string(delta["refusal"]);
    if (trees(delta["annotations"]).length > 0) outside.push("annotations");
    readChatContent(delta["content"], seen);
    trees(delta["tool_calls"]).forEach((piece, position) => {
      const at = typeof piece["index"] === "number" ? piece["index"] : position;
      const call = calls[at] ?? { id: undefined, name: "", json: "" };
      calls[at] = call;
      call.id ??= string(piece["id"]) || undefined;
      call.name ||= string(tree(piece["function"])["name"]);
      call.json += string(tree(piece["function"])["arguments"]);
    });
    if (chunk["usage"]) seen.usage = chatUsage(tree(chunk["usage"]));
  }
  seen.calls = calls.map(({ id, name, json }) => ({ id, name, arguments: JSON.parse(json || "{}") }));
  seen.finish = calls.length > 0 ? "tool-calls" : ({ stop: "stop", length: "length" }[finish] ?? "unknown");
  seen.outside = unique(outside);
  return seen;
}

/** Mistral's magistral answers with a list of parts: https://docs.mistral.ai/capabilities/reasoning */
function readChatContent(content: unknown, seen: Expected): void {
  if (typeof content === "string") seen.text += content;
  for (const part of trees(content)) {
    seen.text += string(part["text"]);
    for (const thought of trees(part["thinking"])) seen.reasoning += string(thought["text"]);
  }
}

/** The total is always right, even if completion_tokens excludes reasoning (xAI). */
function chatUsage(usage: Tree): Expected["usage"] {
  const cacheRead = number(
    tree(usage["prompt_tokens_details"])["cached_tokens"] ?? usage["prompt_cache_hit_tokens"] ?? usage["cached_tokens"],
  );
  const prompt = number(usage["prompt_tokens"]);
  return {
    input: prompt - cacheRead,
    cacheRead,
    cacheWrite: 0,
    output: number(usage["total_tokens"]) - prompt,
    reasoning: number(tree(usage["completion_tokens_details"])["reasoning_tokens"]),
  };
}

/**
 * https://platform.openai.com/docs/api-reference/responses: completed items have everything, including
 * the text of recordings whose deltas were shortened.
 */
function readResponses(events: readonly Tree[] | undefined, body: Tree | undefined): Expected {
  const seen = nothing();
  const last = events?.at(-1);
  const response = body ?? tree(last?.["response"]);
  const output =
    events === undefined
      ? trees(response["output"])
      : events.filter((event) => event["type"] === "response.output_item.done").map((event) => tree(event["item"]));
  const outside: string[] = [];
  for (const item of output) {
    const type = string(item["type"]);
    if (type === "message") {
      for (const part of trees(item["content"])) {
        seen.text += string(part["text"]);
        seen.refusal += string(part["refusal"]);
        if (trees(part["annotations"]).length > 0) outside.push("annotations");
      }
    } else if (type === "function_call") {
      seen.calls.push({
        id: string(item["call_id"]),
        name: string(item["name"]),
        arguments: JSON.parse(string(item["arguments"])),
      });
      if (tree(item["caller"])["type"] === "program") outside.push("caller");
    } else if (type === "reasoning") {
      const parts = trees(item["summary"]).length > 0 ? trees(item["summary"]) : trees(item["content"]);
      seen.reasoning += parts.map((part) => string(part["text"])).join("\n\n");
      if (item["encrypted_content"]) seen.signatures.push(string(item["encrypted_content"]));
    } else if (isClientCall(item)) seen.calls.push(clientCall(item));
    else outside.push(type);
  }
  const usage = tree(response["usage"]);
  const cacheRead = number(tree(usage["input_tokens_details"])["cached_tokens"]);
  const cacheWrite = number(tree(usage["input_tokens_details"])["cache_write_tokens"]);
  seen.usage = {
    input: number(usage["input_tokens"]) - cacheRead - cacheWrite,
    cacheRead,
    cacheWrite,
    output: number(usage["output_tokens"]),
    reasoning: number(tree(usage["output_tokens_details"])["reasoning_tokens"]),
  };
  seen.finish = seen.calls.length > 0 ? "tool-calls" : response["status"] === "completed" ? "stop" : "unknown";
  seen.outside = unique(outside);
  return seen;
}

const CLIENT_CALLS = ["custom_tool_call", "apply_patch_call", "shell_call", "local_shell_call"];

/** Calls of the provider's tool types that the client executes; a shell in a container is not one of them. */
function isClientCall(item: Tree): boolean {
  return (
    CLIENT_CALLS.includes(string(item["type"])) && !string(tree(item["environment"])["type"]).startsWith("container")
  );
}

function clientCall(item: Tree): Expected["calls"][number] {
  const name = string(item["name"]) || string(item["type"]).replace("_call", "");
  const asked = item["operation"] ?? item["action"] ?? { input: item["input"] };
  return { id: string(item["call_id"]), name, arguments: asked };
}

/** https://platform.claude.com/docs/en/build-with-claude/streaming: the message that a stream adds up to. */
function joinMessage(events: readonly Tree[]): Tree {
  let message: Tree = {};
  const blocks: Record<string, unknown>[] = [];
  for (const event of events) {
    const at = number(event["index"]);
    const delta = tree(event["delta"]);
    switch (event["type"]) {
      case "message_start":
        message = tree(event["message"]);
        blocks.push(...trees(message["content"]).slice(blocks.length));
        break;
      case "content_block_start":
        blocks[at] = { ...tree(event["content_block"]) };
        break;
      case "content_block_delta": {
        const block = blocks[at] as Record<string, unknown>;
        if (delta["type"] === "text_delta") block["text"] = string(block["text"]) + string(delta["text"]);
        if (delta["type"] === "thinking_delta")
          block["thinking"] = string(block["thinking"]) + string(delta["thinking"]);
        if (delta["type"] === "signature_delta")
          block["signature"] = string(block["signature"]) + string(delta["signature"]);
        if (delta["type"] === "input_json_delta") block["json"] = string(block["json"]) + string(delta["partial_json"]);
        if (delta["type"] === "citations_delta") block["citations"] = [delta["citation"]];
        break;
      }
      case "message_delta":
        message = { ...message, ...delta, usage: { ...tree(message["usage"]), ...tree(event["usage"]) } };
        break;
      default:
    }
  }
  for (const block of blocks) if (block["json"]) block["input"] = JSON.parse(string(block["json"]));
  return { ...message, content: blocks };
}

const ANTHROPIC_FINISH: Readonly<Record<string, string>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  tool_use: "tool-calls",
  refusal: "refusal",
};

/** https://platform.claude.com/docs/en/api/messages */
function readMessage(message: Tree): Expected {
  const seen = nothing();
  const outside: string[] = [];
  for (const block of trees(message["content"])) {
    const type = string(block["type"]);
    if (type === "text") {
      seen.text += string(block["text"]);
      if (trees(block["citations"]).length > 0) outside.push("citations");
    } else if (type === "thinking") {
      seen.reasoning += string(block["thinking"]);
      if (block["signature"]) seen.signatures.push(string(block["signature"]));
    } else if (type === "redacted_thinking") seen.signatures.push(string(block["data"]));
    else if (type === "tool_use") {
      seen.calls.push({ id: string(block["id"]), name: string(block["name"]), arguments: block["input"] });
      if (block["caller"] && tree(block["caller"])["type"] !== "direct") outside.push("caller");
    } else outside.push(type);
  }
  const usage = tree(message["usage"]);
  // Its counts exclude the tokens of compactions.
  const iterations = (usage["iterations"] ?? []) as readonly Tree[];
  const requests = [usage, ...iterations.filter((one) => one["type"] === "compaction")];
  const sum = (name: string) => requests.reduce((total, one) => total + number(one[name]), 0);
  seen.usage = {
    input: sum("input_tokens"),
    cacheRead: sum("cache_read_input_tokens"),
    cacheWrite: sum("cache_creation_input_tokens"),
    output: sum("output_tokens"),
    reasoning: number(tree(usage["output_tokens_details"])["thinking_tokens"]),
  };
  // One body was assembled from several answers: it ends with end_turn although it has calls.
  seen.finish = seen.calls.length > 0 ? "tool-calls" : (ANTHROPIC_FINISH[string(message["stop_reason"])] ?? "unknown");
  seen.refusal = string(tree(message["stop_details"])["explanation"]);
  seen.outside = unique(outside);
  return seen;
}

/** https://ai.google.dev/api/generate-content */
function readGoogle(chunks: readonly Tree[]): Expected {
  const seen = nothing();
  let finish = "";
  let usage: Tree = {};
  for (const chunk of chunks) {
    usage = { ...usage, ...tree(chunk["usageMetadata"]) };
    const candidate = tree(trees(chunk["candidates"])[0]);
    finish = string(candidate["finishReason"]) || finish;
    for (const part of trees(tree(candidate["content"])["parts"])) {
      if (part["thought"] === true) seen.reasoning += string(part["text"]);
      else seen.text += string(part["text"]);
      if (part["thoughtSignature"]) seen.signatures.push(string(part["thoughtSignature"]));
      const call = tree(part["functionCall"]);
      if (call["name"])
        seen.calls.push({
          id: string(call["id"]) || undefined,
          name: string(call["name"]),
          arguments: structuredClone(call["args"] ?? {}),
        });
      for (const piece of trees(call["partialArgs"]))
        setAt(seen.calls.at(-1)?.arguments as Record<string, unknown>, piece);
    }
  }
  const cacheRead = number(usage["cachedContentTokenCount"]);
  const prompt = number(usage["promptTokenCount"]);
  seen.usage = {
    input: prompt - cacheRead,
    cacheRead,
    cacheWrite: 0,
    output: number(usage["totalTokenCount"]) - prompt,
    reasoning: number(usage["thoughtsTokenCount"]),
  };
  seen.finish = seen.calls.length > 0 ? "tool-calls" : finish === "STOP" ? "stop" : "unknown";
  return seen;
}

function setAt(root: Record<string, unknown>, piece: Tree): void {
  const steps =
    string(piece["jsonPath"])
      .slice(1)
      .match(/[A-Za-z_]\w*|\d+/g) ?? [];
  const last = steps.pop() as string;
  let node = root;
  steps.forEach((step, depth) => {
    const next = steps[depth + 1] ?? last;
    node[step] ??= /^\d+$/.test(next) ? [] : {};
    node = node[step] as Record<string, unknown>;
  });
  if (typeof piece["stringValue"] === "string") node[last] = string(node[last]) + piece["stringValue"];
  else node[last] = piece["numberValue"] ?? piece["boolValue"] ?? null;
}
