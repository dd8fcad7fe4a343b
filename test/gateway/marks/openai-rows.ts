import { CHAT_MARKS } from "../../../src/dialects/openai/server/chat-marks.ts";
import { RESPONSES_MARKS } from "../../../src/dialects/openai/server/responses-marks.ts";
import { type Json, rowsOf } from "./rows.ts";

export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const parameters = { type: "object", properties: { city: { type: "string", description: "words of the tool" } } };
const user = { role: "user", content: "Hello, as json" };
const field = (name: string, value: unknown, upstream?: Json) => ({
  body: { [name]: value },
  ...(upstream && { upstream }),
});
const chatFunction = { type: "function", function: { name: "weather", parameters } };
const chatParts = (part: Json, words?: string) => ({
  body: { messages: [{ role: "user", content: [{ type: "text", text: "See" }, part] }] },
  ...(words && { words }),
});
const schema = { ...parameters, required: ["city"], additionalProperties: false };

export const CHAT_ROWS = rowsOf({
  marks: CHAT_MARKS,
  path: () => "/v1/chat/completions",
  base: (model) => ({ model, messages: [user] }),
  other: "anthropic",
  fields: {
    model: { body: {}, upstream: { model: "gpt-4.1" } },
    messages: { body: { messages: [user] }, words: "Hello, as json" },
    stream: field("stream", true),
    stream_options: {
      body: { stream: true, stream_options: { include_usage: false, include_obfuscation: true } },
      upstream: { stream_options: { include_usage: true } },
    },
    // The library asks for each answer on its own.
    n: field("n", 2, {}),
    max_completion_tokens: field("max_completion_tokens", 90),
    max_tokens: field("max_tokens", 90, { max_completion_tokens: 90 }),
    temperature: field("temperature", 0.5),
    top_p: field("top_p", 0.5),
    stop: field("stop", ["END"]),
    seed: field("seed", 7),
    frequency_penalty: field("frequency_penalty", 0.5),
    presence_penalty: field("presence_penalty", 0.5),
    logit_bias: field("logit_bias", { 50256: -100 }),
    logprobs: field("logprobs", true),
    top_logprobs: { body: { logprobs: true, top_logprobs: 2 } },
    reasoning_effort: { body: { model: "thinking", reasoning_effort: "low" }, upstream: { reasoning_effort: "low" } },
    verbosity: { body: { model: "thinking", verbosity: "low" }, upstream: { verbosity: "low" } },
    modalities: field("modalities", ["text"]),
    prediction: field("prediction", { type: "content", content: "Hello" }),
    response_format: field("response_format", {
      type: "json_schema",
      json_schema: { name: "a", schema, strict: true },
    }),
    service_tier: field("service_tier", "flex"),
    user: field("user", "u-1"),
    metadata: field("metadata", { team: "blue" }),
    prompt_cache_key: field("prompt_cache_key", "conversation-1"),
    web_search_options: field("web_search_options", {
      search_context_size: "low",
      user_location: { type: "approximate", approximate: { city: "Oslo" } },
    }),
    parallel_tool_calls: {
      body: { tools: [chatFunction], parallel_tool_calls: false },
      upstream: { parallel_tool_calls: false },
    },
    tools: { body: { tools: [chatFunction] }, upstream: {}, words: "words of the tool" },
    tool_choice: {
      body: { tools: [chatFunction], tool_choice: "required" },
      upstream: { tool_choice: "required" },
    },
    audio: field("audio", { voice: "alloy", format: "wav" }),
    function_call: field("function_call", "auto"),
    functions: field("functions", [{ name: "weather", parameters }]),
    moderation: field("moderation", { model: "omni-moderation" }),
    prompt_cache_options: field("prompt_cache_options", { mode: "explicit" }),
    prompt_cache_retention: field("prompt_cache_retention", "24h"),
    safety_identifier: field("safety_identifier", "s-1"),
    store: field("store", true),
  },
  tools: {
    function: { body: { tools: [chatFunction] }, upstream: {}, words: "words of the tool" },
    custom: {
      body: {
        tools: [
          {
            type: "custom",
            custom: {
              ...{ name: "patch", description: "Patches files." },
              format: { type: "grammar", grammar: { syntax: "lark", definition: "start: /.+/" } },
            },
          },
        ],
      },
      words: "start: /.+/",
    },
  },
  content: {
    text: chatParts({ type: "text", text: "words of the part" }, "words of the part"),
    image_url: chatParts({ type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } }, PIXEL),
    input_audio: {
      body: {
        ...chatParts({ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }).body,
        model: "thinking",
      },
      upstream: {},
      isMedia: true,
    },
    file: chatParts(
      { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0x", filename: "a.pdf" } },
      "JVBERi0x",
    ),
    refusal: {
      body: {
        messages: [
          user,
          { role: "assistant", content: [{ type: "refusal", refusal: "I cannot." }] },
          { role: "user", content: "Why?" },
        ],
      },
      upstream: {},
      words: "I cannot.",
    },
  },
});

const responsesFunction = { type: "function", name: "weather", parameters };
const items = (...input: readonly Json[]) => ({
  body: { input: [user, ...input, { role: "user", content: "Go on" }] },
});
/** Items that the upstream gets as they are, and what it gets of the words in them. */
const kept = (item: Json) => ({ ...items(item), upstream: { input: [{ role: "user" }, item, { role: "user" }] } });
const called = (call: Json, output: Json, words: string) => ({ ...items(call, output), upstream: {}, words });

export const RESPONSES_ROWS = rowsOf({
  marks: RESPONSES_MARKS,
  path: () => "/v1/responses",
  base: (model) => ({ model, input: [user] }),
  other: "anthropic",
  fields: {
    model: { body: {}, upstream: { model: "gpt-5.1" } },
    input: { body: { input: "Hello, as json" }, upstream: {}, words: "Hello, as json" },
    instructions: { body: { instructions: "Be brief." }, upstream: {}, words: "Be brief." },
    previous_response_id: { body: {}, upstream: {} },
    store: { body: { store: true }, upstream: { store: false } },
    stream: field("stream", true),
    stream_options: field("stream_options", { include_obfuscation: false }),
    max_output_tokens: field("max_output_tokens", 90),
    max_tool_calls: { body: { tools: [{ type: "web_search" }], max_tool_calls: 2 }, upstream: { max_tool_calls: 2 } },
    temperature: field("temperature", 0.5),
    top_p: field("top_p", 0.5),
    top_logprobs: field("top_logprobs", 2),
    reasoning: { body: { reasoning: { effort: "low", summary: "auto" } } },
    text: { body: { text: { verbosity: "low", format: { type: "json_object" } } } },
    include: field("include", ["web_search_call.action.sources"], {
      include: ["reasoning.encrypted_content", "web_search_call.action.sources"],
    }),
    service_tier: field("service_tier", "flex"),
    user: field("user", "u-1"),
    metadata: field("metadata", { team: "blue" }),
    prompt_cache_key: field("prompt_cache_key", "conversation-1"),
    parallel_tool_calls: {
      body: { tools: [responsesFunction], parallel_tool_calls: false },
      upstream: { parallel_tool_calls: false },
    },
    tools: { body: { tools: [responsesFunction] }, words: "words of the tool" },
    tool_choice: {
      body: { tools: [responsesFunction], tool_choice: "required" },
      upstream: { tool_choice: "required" },
    },
    access_programs: field("access_programs", { trusted: true }),
    context_management: field("context_management", [{ type: "compaction" }]),
    image: field("image", { size: "auto" }),
    moderation: field("moderation", { model: "omni-moderation" }),
    prompt_cache_options: field("prompt_cache_options", { mode: "explicit" }),
    prompt_cache_retention: field("prompt_cache_retention", "24h"),
    safety_identifier: field("safety_identifier", "s-1"),
    truncation: field("truncation", "auto"),
    background: field("background", true),
    conversation: field("conversation", "conv_1"),
    prompt: field("prompt", { id: "pmpt_1" }),
  },
  tools: {
    function: { body: { tools: [responsesFunction] }, words: "words of the tool" },
    custom: {
      body: {
        tools: [
          { type: "custom", name: "patch", format: { type: "grammar", syntax: "lark", definition: "start: /.+/" } },
        ],
      },
      words: "start: /.+/",
    },
    namespace: {
      body: { tools: [{ type: "namespace", name: "mcp", description: "Tools.", tools: [responsesFunction] }] },
      words: '"mcp__weather"',
    },
    apply_patch: { body: { tools: [{ type: "apply_patch" }] }, words: "update_file" },
    shell: { body: { tools: [{ type: "shell" }] }, words: "max_output_length" },
    local_shell: { body: { tools: [{ type: "local_shell" }] }, words: "working_directory" },
    web_search: { body: { tools: [{ type: "web_search" }] }, words: "web_search" },
    web_search_2025_08_26: { body: { tools: [{ type: "web_search_2025_08_26" }] }, upstream: {}, words: "web_search" },
    web_search_preview: { body: { tools: [{ type: "web_search_preview" }] }, upstream: {}, words: "web_search" },
    web_search_preview_2025_03_11: {
      body: { tools: [{ type: "web_search_preview_2025_03_11" }] },
      upstream: {},
      words: "web_search",
    },
    code_interpreter: { body: { tools: [{ type: "code_interpreter", container: { type: "auto" } }] } },
    computer: { body: { tools: [{ type: "computer" }] } },
    computer_use_preview: {
      body: { tools: [{ type: "computer_use_preview", display_width: 1, display_height: 1, environment: "browser" }] },
    },
    file_search: { body: { tools: [{ type: "file_search", vector_store_ids: ["vs_1"] }] } },
    image_generation: { body: { tools: [{ type: "image_generation" }] } },
    mcp: { body: { tools: [{ type: "mcp", server_label: "docs", server_url: "https://example.com" }] } },
    programmatic_tool_calling: { body: { tools: [{ type: "programmatic_tool_calling" }] } },
    tool_search: { body: { tools: [{ type: "tool_search" }] } },
  },
  content: {
    message: {
      body: { input: [{ type: "message", role: "user", content: "words of the item" }] },
      upstream: {},
      words: "words of the item",
    },
    reasoning: {
      ...items({ type: "reasoning", id: "rs_1", summary: [] }, { role: "assistant", content: "Hi" }),
      upstream: {},
    },
    function_call: called(
      { type: "function_call", call_id: "c1", name: "weather", arguments: '{"city":"Oslo"}' },
      { type: "function_call_output", call_id: "c1", output: "snow" },
      "Oslo",
    ),
    function_call_output: called(
      { type: "function_call", call_id: "c1", name: "weather", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "words of the result" },
      "words of the result",
    ),
    custom_tool_call: called(
      { type: "custom_tool_call", call_id: "c1", name: "patch", input: "words of the input" },
      { type: "custom_tool_call_output", call_id: "c1", output: "done" },
      '"input":{"input":"words of the input"}',
    ),
    custom_tool_call_output: called(
      { type: "custom_tool_call", call_id: "c1", name: "patch", input: "x" },
      { type: "custom_tool_call_output", call_id: "c1", output: "words of the result" },
      "words of the result",
    ),
    apply_patch_call: called(
      {
        type: "apply_patch_call",
        call_id: "c1",
        status: "completed",
        operation: { type: "delete_file", path: "a.txt" },
      },
      { type: "apply_patch_call_output", call_id: "c1", status: "completed", output: "done" },
      "a.txt",
    ),
    apply_patch_call_output: called(
      {
        type: "apply_patch_call",
        call_id: "c1",
        status: "completed",
        operation: { type: "delete_file", path: "a.txt" },
      },
      { type: "apply_patch_call_output", call_id: "c1", status: "failed", output: "words of the result" },
      "words of the result",
    ),
    shell_call: called(
      { type: "shell_call", call_id: "c1", action: { commands: ["ls -la"] } },
      {
        type: "shell_call_output",
        call_id: "c1",
        output: [{ stdout: "a", stderr: "", outcome: { type: "exit", exit_code: 0 } }],
      },
      "ls -la",
    ),
    shell_call_output: called(
      { type: "shell_call", call_id: "c1", action: { commands: ["ls"] } },
      {
        ...{ type: "shell_call_output", call_id: "c1" },
        output: [{ stdout: "words of the result", stderr: "", outcome: { type: "exit", exit_code: 0 } }],
      },
      "words of the result",
    ),
    local_shell_call: called(
      {
        type: "local_shell_call",
        id: "l1",
        call_id: "c1",
        status: "completed",
        action: { type: "exec", command: ["ls"], env: {} },
      },
      { type: "local_shell_call_output", id: "c1", output: "a" },
      '"exec"',
    ),
    local_shell_call_output: called(
      {
        type: "local_shell_call",
        id: "l1",
        call_id: "c1",
        status: "completed",
        action: { type: "exec", command: ["ls"], env: {} },
      },
      { type: "local_shell_call_output", id: "c1", output: "words of the result" },
      "words of the result",
    ),
    item_reference: { body: {}, upstream: {} },
    additional_tools: kept({ type: "additional_tools", tools: [] }),
    code_interpreter_call: kept({ type: "code_interpreter_call", id: "ci_1", code: "1", status: "completed" }),
    compaction: kept({ type: "compaction", encrypted_content: "sealed" }),
    compaction_trigger: kept({ type: "compaction_trigger" }),
    computer_call: kept({ type: "computer_call", id: "cu_1", call_id: "c1", status: "completed" }),
    computer_call_output: kept({
      type: "computer_call_output",
      call_id: "c1",
      output: { type: "computer_screenshot" },
    }),
    configuration_update: kept({ type: "configuration_update" }),
    file_search_call: kept({ type: "file_search_call", id: "fs_1", queries: ["a"], status: "completed" }),
    image_generation_call: kept({ type: "image_generation_call", id: "ig_1", result: "AAAA", status: "completed" }),
    mcp_approval_request: kept({
      type: "mcp_approval_request",
      id: "ma_1",
      name: "a",
      arguments: "{}",
      server_label: "docs",
    }),
    mcp_approval_response: kept({ type: "mcp_approval_response", approval_request_id: "ma_1", approve: true }),
    mcp_call: kept({ type: "mcp_call", id: "mc_1", name: "a", arguments: "{}", server_label: "docs" }),
    mcp_list_tools: kept({ type: "mcp_list_tools", id: "ml_1", server_label: "docs", tools: [] }),
    program: kept({ type: "program", id: "p_1", call_id: "c1", code: "1" }),
    program_output: kept({ type: "program_output", id: "p_1", call_id: "c1", result: "1" }),
    tool_search_call: kept({ type: "tool_search_call", id: "ts_1", arguments: {} }),
    tool_search_output: kept({ type: "tool_search_output", tools: [] }),
    web_search_call: kept({
      type: "web_search_call",
      id: "ws_1",
      status: "completed",
      action: { type: "search", query: "a" },
    }),
  },
});
