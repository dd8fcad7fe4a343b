type Tree = Readonly<Record<string, unknown>>;
type Message = { role: string; content: Tree[] };

/** The rules of the Messages API that a body breaks, as messages; written independently of the encoder. */
export function checkMessagesBody(params: unknown): string[] {
  const body = params as { messages: Message[]; max_tokens: unknown; system?: Tree[] };
  const broken: string[] = [];
  if (!Number.isInteger(body.max_tokens) || Number(body.max_tokens) < 1) broken.push("max_tokens is missing");
  if (body.messages[0]?.role !== "user") broken.push("the first message is not the user's");
  body.messages.forEach((message, index) => {
    broken.push(...checkMessage(message, body.messages[index - 1], body.messages[index + 1], index));
  });
  for (const block of body.system ?? []) if (isEmptyText(block)) broken.push("system has an empty text");
  const last = body.messages.at(-1);
  const lastBlock = last?.content.at(-1);
  if (last?.role === "assistant" && /\s$/.test(String(lastBlock?.["text"] ?? "")))
    broken.push("white space at the end");
  const marks = JSON.stringify(body).split('"cache_control"').length - 1;
  if (marks > 4) broken.push(`${marks} cache marks`);
  return broken;
}

function checkMessage(
  message: Message,
  before: Message | undefined,
  after: Message | undefined,
  index: number,
): string[] {
  const broken: string[] = [];
  if (message.role !== "user" && message.role !== "assistant") broken.push(`role ${message.role} at ${index}`);
  if (message.role === before?.role) broken.push(`two messages of one role at ${index}`);
  if (message.content.length === 0) broken.push(`no content at ${index}`);
  if (message.content.some(isEmptyText)) broken.push(`empty text at ${index}`);
  const calls = idsOf(message, "tool_use", "id");
  if (calls.some((id) => !/^[A-Za-z0-9_-]+$/.test(id))) broken.push(`an illegal tool id at ${index}`);
  if (new Set(calls).size < calls.length) broken.push(`a tool id twice at ${index}`);
  if (calls.join() !== (calls.length > 0 && after ? idsOf(after, "tool_result", "tool_use_id").join() : "")) {
    broken.push(`calls without their results at ${index}`);
  }
  const results = idsOf(message, "tool_result", "tool_use_id");
  if (results.length > 0 && results.join() !== (before ? idsOf(before, "tool_use", "id").join() : "")) {
    broken.push(`results without their calls at ${index}`);
  }
  const firstOther = message.content.findIndex((block) => block["type"] !== "tool_result");
  if (message.content.slice(firstOther).some((block) => firstOther >= 0 && block["type"] === "tool_result")) {
    broken.push(`a result behind other content at ${index}`);
  }
  return broken;
}

function idsOf(message: Message, type: string, key: string): string[] {
  return message.content.filter((block) => block["type"] === type).map((block) => String(block[key]));
}

function isEmptyText(block: Tree): boolean {
  return block["type"] === "text" && String(block["text"]).trim() === "";
}
