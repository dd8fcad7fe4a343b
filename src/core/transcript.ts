import { estimateTextTokens } from "./estimate.ts";
import type { Message, Part } from "./message.ts";

const SPEAKERS: Readonly<Record<Message["role"], string>> = {
  system: "System",
  user: "User",
  assistant: "Assistant",
  tool: "Tool",
};

/** A conversation as text, for a model that reads it instead of taking part. Reasoning and attachments are left out. */
export function transcriptOf(messages: readonly Message[]): string {
  return messages.map(({ role, content }) => `${SPEAKERS[role]}: ${wordsOf(content)}`).join("\n\n");
}

function wordsOf(content: string | readonly Part[]): string {
  if (typeof content === "string") return content;
  return content
    .map(wordsOfPart)
    .filter((words) => words !== "")
    .join("\n");
}

function wordsOfPart(part: Part): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "tool-call":
      return `[calls ${part.name} with ${JSON.stringify(part.arguments)}]`;
    case "tool-result":
      return `[${part.error ? "error" : "result"} of ${part.name ?? "the tool"}] ${wordsOf(part.content)}`;
    case "reasoning":
      return "";
    case "image":
    case "file":
    case "audio":
      return `[${part.type}]`;
  }
}

/** Shortens a string to about `limit` tokens by removing its middle. `omitted` is the number of removed characters. */
export function withoutMiddle(text: string, limit: number): { readonly text: string; readonly omitted: number } {
  let kept = text;
  let length = text.length;
  for (let tokens = estimateTextTokens(kept); tokens > limit && length > 0; tokens = estimateTextTokens(kept)) {
    length = Math.floor(length * Math.min(0.95, limit / tokens));
    const half = length >> 1;
    kept = `${text.slice(0, half)}\n[…]\n${text.slice(text.length - half)}`.toWellFormed();
  }
  return { text: kept, omitted: kept === text ? 0 : text.length - 2 * (length >> 1) };
}
