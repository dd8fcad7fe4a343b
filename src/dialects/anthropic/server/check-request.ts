import { asNumber, asObject, asObjects, asString, type Json } from "../../served/json.ts";
import { refuse } from "../../served/problem.ts";
import { isSealed, isSigned } from "../../served/signature.ts";
import type { Received } from "../../server-wire.ts";

/** Since this API version, sampling parameters are rejected. */
const WITHOUT_SAMPLING = "2026-10-21";
const MAX_BREAKPOINTS = 4;

export function checkMessagesBody({ body, headers, counting }: Received): void {
  const version = headers["anthropic-version"];
  if (typeof version !== "string") refuse("anthropic-version: header is required");
  if (asString(body.model) === undefined) refuse("model: Field required");
  if (!counting) checkMaxTokens(body);
  if (!Array.isArray(body.messages)) refuse("messages: Field required");
  if (body.messages.length === 0) refuse("messages: at least one message is required");
  checkSampling(body, version);
  checkThinking(body, counting);
  checkBreakpoints(body);
  checkTurns(asObjects(body.messages), body, version);
}

function checkMaxTokens(body: Json): void {
  const maxTokens = body.max_tokens;
  if (maxTokens === undefined) refuse("max_tokens: Field required");
  if (!Number.isInteger(maxTokens)) refuse("max_tokens: Input should be a valid integer");
  if (Number(maxTokens) < 0) refuse("max_tokens: Input should be greater than or equal to 0");
}

function checkSampling(body: Json, version: string): void {
  for (const name of ["temperature", "top_p", "top_k"]) {
    if (body[name] === undefined) continue;
    if (version >= WITHOUT_SAMPLING) refuse(`${name}: Extra inputs are not permitted`);
    const value = asNumber(body[name]);
    if (value === undefined) refuse(`${name}: Input should be a valid number`);
    if (value < 0) refuse(`${name}: range: 0..${name === "top_k" ? "" : "1"}`);
    if (value > 1 && name !== "top_k") refuse(`${name}: range: 0..1`);
  }
}

function checkThinking(body: Json, counting: boolean): void {
  const thinking = asObject(body.thinking);
  if (thinking?.type !== "enabled") return;
  const budget = asNumber(thinking.budget_tokens);
  if (budget === undefined) refuse("thinking.enabled.budget_tokens: Field required");
  if (budget < 1024) refuse("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
  if (!counting && budget >= Number(body.max_tokens)) {
    refuse(
      "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size",
    );
  }
  const choice = asObject(body.tool_choice)?.type;
  if (choice === "any" || choice === "tool") refuse("Thinking may not be enabled when tool_choice forces tool use.");
}

function checkBreakpoints(body: Json): void {
  const blocks = [
    ...asObjects(body.tools),
    ...asObjects(body.system),
    ...asObjects(body.messages).flatMap((message) => asObjects(message.content)),
  ];
  const found = blocks.filter((block) => asObject(block.cache_control) !== undefined).length;
  if (found > MAX_BREAKPOINTS) {
    refuse(`A maximum of ${MAX_BREAKPOINTS} blocks with cache_control may be provided. Found ${found}.`);
  }
}

function checkTurns(messages: readonly Json[], body: Json, version: string): void {
  const roles = version >= WITHOUT_SAMPLING ? ["user", "assistant", "system"] : ["user", "assistant"];
  let open: ReadonlySet<unknown> = new Set();
  messages.forEach((message, index) => {
    if (!roles.includes(String(message.role)))
      refuse(`messages.${index}.role: Input should be ${roles.map((role) => `'${role}'`).join(" or ")}`);
    const blocks = asObjects(message.content);
    checkContent(message, blocks, index, index === messages.length - 1);
    checkResults(blocks, open, index);
    blocks.forEach((block, position) => {
      checkSignature(block, index, position);
    });
    open = new Set(blocks.filter((block) => block.type === "tool_use").map((block) => block.id));
  });
  if (open.size > 0) refuseOpen(open, messages.length - 1);
  checkThinkingFirst(messages, body);
}

function checkContent(message: Json, blocks: readonly Json[], index: number, last: boolean): void {
  const content = message.content;
  if (content === undefined || content === null) refuse(`messages.${index}.content: Field required`);
  const empty = content === "" || (Array.isArray(content) && content.length === 0);
  if (empty && !(last && message.role === "assistant")) {
    refuse(
      `messages.${index}: all messages must have non-empty content except for the optional final assistant message`,
    );
  }
  if (blocks.some((block) => block.type === "text" && block.text === ""))
    refuse(`messages: text content blocks must be non-empty`);
  const text = blocks.length > 0 ? asString(blocks.at(-1)?.text) : asString(content);
  if (last && message.role === "assistant" && text !== undefined && /\s$/.test(text)) {
    refuse("messages: final assistant content cannot end with trailing whitespace");
  }
}

function checkResults(blocks: readonly Json[], open: ReadonlySet<unknown>, index: number): void {
  const results = blocks.filter((block) => block.type === "tool_result");
  const stray = results.findIndex((block) => !open.has(block.tool_use_id));
  if (stray >= 0) {
    refuse(
      `messages.${index}.content.${stray}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(results[stray]?.tool_use_id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
    );
  }
  const answered = new Set(results.map((block) => block.tool_use_id));
  const missing = [...open].filter((id) => !answered.has(id));
  if (missing.length > 0) refuseOpen(new Set(missing), index - 1);
}

function refuseOpen(open: ReadonlySet<unknown>, index: number): never {
  refuse(
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${[...open].join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  );
}

function checkSignature(block: Json, index: number, position: number): void {
  if (block.type === "redacted_thinking" && !isSealed("redacted", String(block.data))) {
    refuse(`messages.${index}.content.${position}: Invalid \`data\` in \`redacted_thinking\` block`);
  }
  if (block.type !== "thinking") return;
  const signature = block.signature;
  const omitted = block.thinking === "" && isSealed("thinking", String(signature));
  if (omitted || isSigned("thinking", block.thinking, signature)) return;
  refuse(`messages.${index}.content.${position}: Invalid \`signature\` in \`thinking\` block`);
}

/** With a thinking budget, an assistant turn with tool calls must start with its thinking block. */
function checkThinkingFirst(messages: readonly Json[], body: Json): void {
  if (asObject(body.thinking)?.type !== "enabled") return;
  const index = messages.findLastIndex((message) => message.role === "assistant");
  const blocks = asObjects(messages[index]?.content);
  if (!blocks.some((block) => block.type === "tool_use") || index !== messages.length - 2) return;
  const first = String(blocks[0]?.type);
  if (first === "thinking" || first === "redacted_thinking") return;
  refuse(
    `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`,
  );
}
