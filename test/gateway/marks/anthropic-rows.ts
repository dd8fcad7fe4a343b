import { MESSAGES_MARKS } from "../../../src/dialects/anthropic/server/messages-marks.ts";
import { PIXEL } from "./openai-rows.ts";
import { type Json, rowsOf } from "./rows.ts";

const user = { role: "user", content: "Hello" };
const input_schema = { type: "object", properties: { city: { type: "string", description: "words of the tool" } } };
const weather = { name: "weather", input_schema };
const field = (name: string, value: unknown, upstream?: Json) => ({
  body: { [name]: value },
  ...(upstream && { upstream }),
});
const tool = (type: string, more: Json = {}, words?: string) => ({
  body: { tools: [{ type, ...more }] },
  ...(words && { words }),
});
const asked = (block: Json, words?: string) => ({
  body: { messages: [{ role: "user", content: [{ type: "text", text: "See" }, block] }] },
  ...(words && { words }),
});
const answered = (...blocks: readonly Json[]) => ({
  body: {
    messages: [
      user,
      { role: "assistant", content: blocks },
      { role: "user", content: [{ type: "text", text: "Go on" }] },
    ],
  },
  upstream: {
    messages: [{ role: "user" }, { role: "assistant", content: blocks }, { role: "user" }],
  },
});
const called = (input: Json, result: Json, words: string) => ({
  body: {
    messages: [
      user,
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "weather", input }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", ...result }] },
    ],
    tools: [weather],
  },
  upstream: {},
  words,
});
const editor = { name: "str_replace_based_edit_tool" };
const screen = { name: "computer", display_width_px: 800, display_height_px: 600 };
const code = { name: "code_execution" };
const fetchTool = { name: "web_fetch", max_uses: 2 };
const searchTool = (suffix: string) => ({
  body: {
    tools: [{ type: `web_search_${suffix}`, name: "web_search", max_uses: 2, blocked_domains: ["example.com"] }],
  },
  words: "web_search",
});

export const MESSAGES_ROWS = rowsOf({
  marks: MESSAGES_MARKS,
  path: () => "/v1/messages",
  base: (model) => ({ model, max_tokens: 500, messages: [user] }),
  other: "openai-responses",
  fields: {
    model: { body: {}, upstream: { model: "claude-sonnet-4-5" } },
    messages: { body: { messages: [user] }, upstream: {}, words: "Hello" },
    max_tokens: field("max_tokens", 90),
    system: { body: { system: [{ type: "text", text: "Be brief." }] }, words: "Be brief." },
    stream: field("stream", true),
    stop_sequences: field("stop_sequences", ["END"]),
    temperature: field("temperature", 0.5),
    top_p: field("top_p", 0.5),
    top_k: field("top_k", 5),
    thinking: {
      body: { max_tokens: 4_000, thinking: { type: "enabled", budget_tokens: 1_500, display: "omitted" } },
      upstream: { thinking: { budget_tokens: 1_500, display: "omitted" } },
    },
    output_config: {
      body: {
        output_config: { format: { type: "json_schema", schema: { ...input_schema, additionalProperties: false } } },
      },
    },
    output_format: {
      body: { output_format: { type: "json_schema", schema: { ...input_schema, additionalProperties: false } } },
      upstream: { output_config: { format: { type: "json_schema" } } },
    },
    metadata: field("metadata", { user_id: "u-1" }),
    service_tier: field("service_tier", "standard_only"),
    cache_control: {
      body: { cache_control: { type: "ephemeral" } },
      upstream: { messages: [{ content: [{ cache_control: { type: "ephemeral" } }] }] },
    },
    tools: { body: { tools: [weather] }, words: "words of the tool" },
    tool_choice: { body: { tools: [weather], tool_choice: { type: "any" } }, words: "required" },
    billing_policy: field("billing_policy", { type: "standard" }),
    compaction: field("compaction", { type: "auto" }),
    container: field("container", "container_1"),
    context_management: field("context_management", { edits: [] }),
    diagnostics: field("diagnostics", { previous_message_id: null }),
    fallback_credit_token: field("fallback_credit_token", "token"),
    fallbacks: field("fallbacks", [{ model: "claude-haiku-4-5" }]),
    inference_geo: field("inference_geo", "us"),
    mcp_servers: field("mcp_servers", [{ type: "url", name: "docs", url: "https://example.com" }]),
    speed: field("speed", "fast"),
    thread: field("thread", { type: "new" }),
    user_profile_id: field("user_profile_id", "profile_1"),
    workspace_id: field("workspace_id", "workspace_1"),
  },
  tools: {
    custom: {
      body: { tools: [{ type: "custom", ...weather }] },
      upstream: { tools: [weather] },
      words: "words of the tool",
    },
    bash_20241022: tool("bash_20241022", { name: "bash" }, '"restart"'),
    bash_20250124: tool("bash_20250124", { name: "bash" }, '"restart"'),
    computer_20241022: tool("computer_20241022", screen, '"left_click_drag"'),
    computer_20250124: tool("computer_20250124", screen, '"scroll_direction"'),
    computer_20251124: tool("computer_20251124", screen, '"zoom"'),
    memory_20250818: tool("memory_20250818", { name: "memory" }, '"old_path"'),
    text_editor_20241022: tool("text_editor_20241022", { name: "str_replace_editor" }, '"undo_edit"'),
    text_editor_20250124: tool("text_editor_20250124", { name: "str_replace_editor" }, '"undo_edit"'),
    text_editor_20250429: tool("text_editor_20250429", editor, '"str_replace_based_edit_tool"'),
    text_editor_20250728: tool("text_editor_20250728", { ...editor, max_characters: 900 }, '"view_range"'),
    web_search_20250305: searchTool("20250305"),
    web_search_20260209: searchTool("20260209"),
    web_search_20260318: searchTool("20260318"),
    advisor_20260301: tool("advisor_20260301", { name: "advisor" }),
    browser_toolset_20260801: tool("browser_toolset_20260801"),
    code_execution_20250522: tool("code_execution_20250522", code),
    code_execution_20250825: tool("code_execution_20250825", code),
    code_execution_20260120: tool("code_execution_20260120", code),
    code_execution_20260521: tool("code_execution_20260521", code),
    computer_toolset_20260801: tool("computer_toolset_20260801"),
    mcp_toolset: tool("mcp_toolset", { mcp_server_name: "docs" }),
    tool_search_tool_bm25: tool("tool_search_tool_bm25", { name: "tool_search_tool_bm25" }),
    tool_search_tool_bm25_20251119: tool("tool_search_tool_bm25_20251119", { name: "tool_search_tool_bm25" }),
    tool_search_tool_regex: tool("tool_search_tool_regex", { name: "tool_search_tool_regex" }),
    tool_search_tool_regex_20251119: tool("tool_search_tool_regex_20251119", { name: "tool_search_tool_regex" }),
    web_fetch_20250910: tool("web_fetch_20250910", fetchTool),
    web_fetch_20260209: tool("web_fetch_20260209", fetchTool),
    web_fetch_20260309: tool("web_fetch_20260309", fetchTool),
    web_fetch_20260318: tool("web_fetch_20260318", fetchTool),
  },
  content: {
    text: asked({ type: "text", text: "words of the block" }, "words of the block"),
    image: asked({ type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } }, PIXEL),
    document: asked(
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "JVBERi0x" },
        context: "a context that only this wire format has",
      },
      "JVBERi0x",
    ),
    thinking: {
      body: {
        messages: [
          user,
          {
            role: "assistant",
            content: [
              { type: "thinking", thinking: "Hm", signature: "" },
              { type: "text", text: "Hi" },
            ],
          },
          user,
        ],
      },
      upstream: {},
    },
    redacted_thinking: { body: {}, upstream: {} },
    tool_use: called({ city: "Oslo" }, { content: "snow" }, "Oslo"),
    tool_result: called({}, { content: [{ type: "text", text: "words of the result" }] }, "words of the result"),
    advisor_tool_result: answered({ type: "advisor_tool_result", tool_use_id: "srvtoolu_1", content: {} }),
    bash_code_execution_tool_result: answered({
      type: "bash_code_execution_tool_result",
      tool_use_id: "srvtoolu_1",
      content: {},
    }),
    code_execution_tool_result: answered({
      type: "code_execution_tool_result",
      tool_use_id: "srvtoolu_1",
      content: {},
    }),
    compaction: answered({ type: "compaction", content: "summary" }),
    container_upload: asked({ type: "container_upload", file_id: "file_1" }),
    fallback: answered({ type: "fallback", from: "a", to: "b" }),
    mcp_tool_listing: answered({ type: "mcp_tool_listing", tools: [] }),
    mcp_tool_result: answered({ type: "mcp_tool_result", tool_use_id: "mcptoolu_1", content: "a" }),
    mcp_tool_use: answered({ type: "mcp_tool_use", id: "mcptoolu_1", name: "a", server_name: "docs", input: {} }),
    search_result: asked({ type: "search_result", source: "a", title: "b", content: [{ type: "text", text: "c" }] }),
    server_tool_use: answered({ type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "a" } }),
    text_editor_code_execution_tool_result: answered({
      ...{ type: "text_editor_code_execution_tool_result", tool_use_id: "srvtoolu_1", content: {} },
    }),
    tool_addition: asked({ type: "tool_addition", tools: [] }),
    tool_removal: asked({ type: "tool_removal", tools: [] }),
    tool_search_tool_result: answered({ type: "tool_search_tool_result", tool_use_id: "srvtoolu_1", content: {} }),
    web_fetch_tool_result: answered({ type: "web_fetch_tool_result", tool_use_id: "srvtoolu_1", content: {} }),
    web_search_tool_result: answered({ type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] }),
  },
});
