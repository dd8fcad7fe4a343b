/** Content of recordings outside the canonical model, and what their reply keeps of it; `raw` has all of it. */
interface Beyond {
  readonly features: readonly string[];
  readonly keeps: readonly string[];
}

/**
 * Recordings with features that the canonical model cannot represent: tools run by the provider, tools other than
 * functions, sources.
 */
export const OUTSIDE: Readonly<Record<string, Beyond>> = {
  "anthropic/anthropic-advisor-20250301.1.chunks.txt": {
    features: ["advisor_tool_result", "server_tool_use"],
    keeps: ["text"],
  },
  "anthropic/anthropic-advisor-stop-reasons.chunks.txt": {
    features: ["advisor_tool_result", "server_tool_use"],
    keeps: [],
  },
  "anthropic/anthropic-advisor-stop-reasons.json": { features: ["advisor_tool_result", "server_tool_use"], keeps: [] },
  "anthropic/anthropic-code-execution-20250825.1.chunks.txt": {
    features: ["bash_code_execution_tool_result", "server_tool_use", "text_editor_code_execution_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-code-execution-20250825.1.json": {
    features: ["bash_code_execution_tool_result", "server_tool_use", "text_editor_code_execution_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-code-execution-20250825.2.chunks.txt": {
    features: ["bash_code_execution_tool_result", "server_tool_use", "text_editor_code_execution_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-code-execution-20250825.2.json": {
    features: ["bash_code_execution_tool_result", "server_tool_use", "text_editor_code_execution_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-code-execution-20260120-prompt-cache.1.chunks.txt": {
    features: ["bash_code_execution_tool_result", "server_tool_use"],
    keeps: ["text"],
  },
  "anthropic/anthropic-code-execution-file-upload.1.chunks.txt": {
    features: ["bash_code_execution_tool_result", "server_tool_use", "text_editor_code_execution_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-code-execution-file-upload.1.json": {
    features: ["bash_code_execution_tool_result", "server_tool_use", "text_editor_code_execution_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-compaction.1.chunks.txt": { features: ["compaction"], keeps: ["text"] },
  "anthropic/anthropic-compaction.1.json": { features: ["compaction"], keeps: ["text"] },
  "anthropic/anthropic-fallback.chunks.txt": { features: ["fallback"], keeps: ["text"] },
  "anthropic/anthropic-fallback.json": { features: ["fallback"], keeps: ["text"] },
  "anthropic/anthropic-mcp.1.chunks.txt": { features: ["mcp_tool_result", "mcp_tool_use"], keeps: ["text"] },
  "anthropic/anthropic-mcp.1.json": { features: ["mcp_tool_result", "mcp_tool_use"], keeps: ["text"] },
  "anthropic/anthropic-programmatic-tool-calling.1.chunks.txt": {
    features: ["caller", "code_execution_tool_result", "server_tool_use"],
    keeps: ["call of rollDie", "text"],
  },
  "anthropic/anthropic-programmatic-tool-calling.1.json": {
    features: ["caller", "code_execution_tool_result", "server_tool_use"],
    keeps: ["call of rollDie", "text"],
  },
  "anthropic/anthropic-tool-search-bm25.1.chunks.txt": {
    features: ["server_tool_use", "tool_search_tool_result"],
    keeps: ["call of get_weather", "text"],
  },
  "anthropic/anthropic-tool-search-bm25.1.json": {
    features: ["server_tool_use", "tool_search_tool_result"],
    keeps: ["call of get_weather", "text"],
  },
  "anthropic/anthropic-tool-search-deferred-bm25.2.json": {
    features: ["tool_search_tool_result"],
    keeps: ["call of executeEditorOperation", "text"],
  },
  "anthropic/anthropic-tool-search-deferred-bm25.chunks.txt": {
    features: ["server_tool_use", "tool_search_tool_result"],
    keeps: ["call of executeEditorOperation", "call of readNoteTree", "text"],
  },
  "anthropic/anthropic-tool-search-deferred-regex.chunks.txt": {
    features: ["server_tool_use", "tool_search_tool_result"],
    keeps: ["call of executeEditorOperation", "call of readNoteTree", "text"],
  },
  "anthropic/anthropic-tool-search-regex.1.chunks.txt": {
    features: ["server_tool_use", "tool_search_tool_result"],
    keeps: ["call of get_temp_data", "text"],
  },
  "anthropic/anthropic-tool-search-regex.1.json": {
    features: ["server_tool_use", "tool_search_tool_result"],
    keeps: ["call of get_temp_data", "text"],
  },
  "anthropic/anthropic-web-fetch-tool.1.chunks.txt": {
    features: ["server_tool_use", "web_fetch_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-web-fetch-tool.1.json": {
    features: ["server_tool_use", "web_fetch_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-web-fetch-tool.2.json": {
    features: ["server_tool_use", "web_fetch_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-web-fetch-tool.error.json": {
    features: ["server_tool_use", "web_fetch_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-web-search-tool.1.chunks.txt": {
    features: ["citations", "server_tool_use", "web_search_tool_result"],
    keeps: ["text"],
  },
  "anthropic/anthropic-web-search-tool.1.json": {
    features: ["citations", "server_tool_use", "web_search_tool_result"],
    keeps: ["text"],
  },
  "azure/azure-code-interpreter-tool.1.chunks.txt": { features: ["code_interpreter_call"], keeps: ["text"] },
  "azure/azure-code-interpreter-tool.1.json": { features: ["code_interpreter_call"], keeps: ["text"] },
  "azure/azure-web-search-preview-tool.1.chunks.txt": { features: ["annotations", "web_search_call"], keeps: ["text"] },
  "azure/azure-web-search-preview-tool.1.json": { features: ["annotations", "web_search_call"], keeps: ["text"] },
  "azure/openai-file-search-tool.1.chunks.txt": { features: ["annotations", "file_search_call"], keeps: ["text"] },
  "azure/openai-file-search-tool.1.json": { features: ["annotations", "file_search_call"], keeps: ["text"] },
  "openai-responses/openai-client-tool-search.1.chunks.txt": { features: ["tool_search_call"], keeps: [] },
  "openai-responses/openai-client-tool-search.1.json": { features: ["tool_search_call"], keeps: [] },
  "openai-responses/openai-code-interpreter-tool.1.chunks.txt": {
    features: ["annotations", "code_interpreter_call"],
    keeps: ["text"],
  },
  "openai-responses/openai-code-interpreter-tool.1.json": {
    features: ["annotations", "code_interpreter_call"],
    keeps: ["text"],
  },
  "openai-responses/openai-file-search-tool.2.chunks.txt": {
    features: ["annotations", "file_search_call"],
    keeps: ["text"],
  },
  "openai-responses/openai-file-search-tool.2.json": { features: ["annotations", "file_search_call"], keeps: ["text"] },
  "openai-responses/openai-mcp-tool-approval.4.chunks.txt": {
    features: ["mcp_call", "mcp_list_tools"],
    keeps: ["text"],
  },
  "openai-responses/openai-mcp-tool-approval.4.json": { features: ["mcp_call", "mcp_list_tools"], keeps: ["text"] },
  "openai-responses/openai-shell-container.1.json": { features: ["shell_call", "shell_call_output"], keeps: ["text"] },
  "openai-responses/openai-tool-search.1.chunks.txt": {
    features: ["tool_search_call", "tool_search_output"],
    keeps: ["call of get_weather"],
  },
  "openai-responses/openai-tool-search.1.json": {
    features: ["tool_search_call", "tool_search_output"],
    keeps: ["call of get_weather"],
  },
  "openai-responses/openai-web-search-tool.1.chunks.txt": {
    features: ["annotations", "web_search_call"],
    keeps: ["text"],
  },
  "openai-responses/openai-web-search-tool.1.json": { features: ["annotations", "web_search_call"], keeps: ["text"] },
  "openai-responses/programmatic-tool-calling.1.chunks.txt": {
    features: ["caller", "program"],
    keeps: ["call of getInventory"],
  },
  "openai-responses/programmatic-tool-calling.1.json": {
    features: ["caller", "program"],
    keeps: ["call of getInventory"],
  },
  "openai-responses/programmatic-tool-calling.2.chunks.txt": { features: ["caller"], keeps: ["call of getDemand"] },
  "openai-responses/programmatic-tool-calling.2.json": { features: ["caller"], keeps: ["call of getDemand"] },
  "perplexity/perplexity-text.chunks.txt": { features: ["citations"], keeps: ["text"] },
  "perplexity/perplexity-text.json": { features: ["citations"], keeps: ["text"] },
  "xai-responses/xai-x-search-tool.1.json": { features: ["annotations", "x_search_call"], keeps: ["text"] },
};
