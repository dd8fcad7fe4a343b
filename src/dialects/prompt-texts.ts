import type { Message, Part } from "../core/message.ts";
import type { Operation } from "../core/operation.ts";

/** Maximum part of a file that a provider may quote. */
const MAX_OF_DATA = 4_096;

/** The caller's texts in a request, plain and JSON-escaped; created only on the first failure. */
export function promptTexts({ request }: Operation): () => readonly string[] {
  let texts: readonly string[] | undefined;
  return () => {
    texts ??= [
      ...new Set(
        [...plainTexts(request?.messages ?? []), ...(request?.embedding?.texts ?? [])].flatMap((text) => [
          text,
          JSON.stringify(text).slice(1, -1),
        ]),
      ),
    ];
    return texts;
  };
}

function plainTexts(messages: readonly Message[]): string[] {
  return messages.flatMap(({ content }) => (typeof content === "string" ? [content] : content.flatMap(textsOfPart)));
}

function textsOfPart(part: Part): string[] {
  switch (part.type) {
    case "text":
    case "reasoning":
      return [part.text];
    case "tool-call":
      return [JSON.stringify(part.arguments) ?? ""];
    case "tool-result":
      return typeof part.content === "string" ? [part.content] : part.content.flatMap(textsOfPart);
    case "audio":
      return [part.data.slice(0, MAX_OF_DATA)];
    case "image":
    case "file":
      return [part.url ?? "", (part.data ?? "").slice(0, MAX_OF_DATA)];
  }
}
