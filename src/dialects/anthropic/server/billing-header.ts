import type { Message, SystemMessage } from "../../../core/message.ts";

/** The first system block of Claude Code. It differs between requests and means nothing to other providers. */
const BILLING_HEADER = "x-anthropic-billing-header";

/** The messages without what only Anthropic understands. */
export function withoutBillingHeader(messages: readonly Message[]): readonly Message[] {
  return messages.flatMap((message) => (message.role === "system" ? withoutHeader(message) : [message]));
}

function withoutHeader(message: SystemMessage): readonly Message[] {
  const { content } = message;
  if (typeof content === "string") return content.startsWith(BILLING_HEADER) ? [] : [message];
  const kept = content.filter(({ text }) => !text.startsWith(BILLING_HEADER));
  return kept.length === 0 ? [] : [kept.length === content.length ? message : { ...message, content: kept }];
}
