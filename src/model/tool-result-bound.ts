import type { ToolResultPart } from "../core/message.ts";

type Content = ToolResultPart["content"];

/** The content of a tool result with at most `maxBytes` bytes of text; the model is told what was cut. Images are kept. */
export function boundedContent(content: Content, maxBytes: number): Content {
  if (typeof content === "string") return cut(content, maxBytes);
  let left = maxBytes;
  return content.map((part) => {
    if (part.type !== "text") return part;
    const text = cut(part.text, left);
    left = Math.max(0, left - Buffer.byteLength(text));
    return text === part.text ? part : { ...part, text };
  });
}

function cut(text: string, maxBytes: number): string {
  // A UTF-16 unit has at most three bytes.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const note = `\n[cut: the tool returned ${bytes.length} bytes, the limit is ${maxBytes}]`;
  let end = Math.max(0, maxBytes - note.length);
  // Not within a character.
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return `${bytes.toString("utf8", 0, end)}${note}`;
}
