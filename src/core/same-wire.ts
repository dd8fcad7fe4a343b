import type { Additions } from "./additions.ts";
import type { Adjustment } from "./attempt.ts";
import { isDeepJson } from "./bounded-depth.ts";
import type { Message, Part, Signed } from "./message.ts";
import type { Target } from "./target.ts";
import { misfitError } from "./target-error.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * What a client sent in one wire format and others do not have. A target of the same wire format gets it unchanged; for another
 * one it is left out.
 */
export interface SameWire {
  readonly wire: string;
  /** The provider whose API it is. */
  readonly vendor: string;
  /** Fields of the body; they replace those that are encoded. */
  readonly body: Json;
  /** Fields of the body that the description of the API does not have. */
  readonly unknown: readonly string[];
  /** What is added to the fields that are encoded. */
  readonly additions: Additions;
  /** The exact number of tokens that the effort stands for. */
  readonly thinkingBudget?: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** What leaving it out changes. */
  readonly losses: readonly Adjustment[];
  /** Why another wire format cannot serve the request. */
  readonly refusal?: string | undefined;
}

/** Content that only one wire format has, as its client sent it. It travels as the signature of a part. */
export interface SameWireBlock {
  readonly wire: string;
  readonly block: Json;
  /**
   * For another wire format: the request is refused, because it would be answered without media, or nothing is reported. What
   * is "expressed" by its part is not for other hosts of this wire format either, because they may refuse the rest.
   */
  readonly without?: "refused" | "unreported" | "expressed" | undefined;
}

const START = '{"wire":';

export function signBlock({ wire, ...rest }: SameWireBlock): string {
  return JSON.stringify({ wire, ...rest });
}

/**
 * A signature from a client, empty if it has the form of a kept block: only a reader makes those, after it has refused what a block may
 * not ask for.
 */
export function outsideSignature(signature: string): string {
  return signature.startsWith(START) ? "" : signature;
}

/** `undefined` for any other signature. */
export function signedBlock(signature: string | undefined): SameWireBlock | undefined {
  if (signature?.startsWith(START) !== true) return undefined;
  try {
    const { wire, block, without } = JSON.parse(signature) as SameWireBlock;
    const isBlock = typeof wire === "string" && typeof block === "object" && block !== null;
    return isBlock && !isDeepJson(signature, block) ? { wire, block, without } : undefined;
  } catch {
    return undefined;
  }
}

/** The block of a part as the wire format has it; `undefined` for a part that is encoded. */
export function blockFor({ signature }: Signed, wire: string): Json | undefined {
  const signed = signedBlock(signature);
  return signed?.wire === wire ? signed.block : undefined;
}

/** The kept blocks of a message. */
function blocksIn({ content }: Message): readonly Json[] {
  if (typeof content === "string") return [];
  return content.flatMap((part: Part) => {
    const signed = signedBlock(part.signature);
    return signed === undefined ? [] : [signed.block];
  });
}

/** Tools that kept blocks add to those of the request. */
export function addedTools(message: Message): readonly unknown[] {
  return blocksIn(message).flatMap(({ tools, tool }) => {
    const { definition } = (typeof tool === "object" && tool !== null ? tool : {}) as Json;
    return [
      ...(Array.isArray(tools) ? (tools as readonly unknown[]) : []),
      ...(definition === undefined ? [] : [definition]),
    ];
  });
}

/** Whether kept blocks of a message ask for cache writes that last so long. */
export function hasCacheMark({ content }: Message, ttl: string): boolean {
  if (typeof content === "string") return false;
  return content.some(
    ({ signature }: Part) => signature?.startsWith(START) === true && signature.includes(markOf(ttl)),
  );
}

/** The same for fields of a body. */
export function hasCacheMarkIn(fields: Json, ttl: string): boolean {
  if (Object.keys(fields).length === 0) return false;
  try {
    return JSON.stringify(fields).includes(markOf(ttl));
  } catch {
    // A body that cannot be written is not sent.
    return false;
  }
}

/** As JSON has it outside of strings. */
function markOf(ttl: string): string {
  return `"ttl":"${ttl}"`;
}

/** What a block adds to a prompt, beside the part that it travels with. */
export interface BlockSize {
  /** Its text, without the base64 of media. */
  readonly text: string;
  /** Whether it has or refers to media, whose tokens are unknown. */
  readonly hasMedia: boolean;
}

/** Names of a file, or of the place of one. */
const MEDIA_FIELDS: ReadonlySet<string> = new Set([
  ...["data", "file_id", "file_data", "file_url", "image_url", "fileUri", "url"],
]);
/** Types of objects whose `data` and `url` are text or a mere reference. */
const TEXT_TYPES: ReadonlySet<unknown> = new Set(["text", "redacted_thinking", "web_search_result", "url_citation"]);

/** `undefined` for a part that is encoded. */
export function blockSize({ signature }: Signed): BlockSize | undefined {
  const signed = signedBlock(signature);
  if (signed === undefined) return undefined;
  let hasMedia = false;
  const text = JSON.stringify(signed.block, function (this: Json, key, value: unknown) {
    // An earlier answer in audio, which OpenAI has stored.
    if (key === "audio" && typeof value === "object" && value !== null) hasMedia = true;
    if (typeof value !== "string" || !MEDIA_FIELDS.has(key) || TEXT_TYPES.has(this["type"])) return value;
    hasMedia = true;
    return undefined;
  });
  return { text, hasMedia };
}

/** The blocks of other wire formats in a message. */
function foreignBlocks({ content }: Message, wire: string): readonly SameWireBlock[] {
  if (typeof content === "string") return [];
  return content.flatMap((part: Part) => {
    const signed = signedBlock(part.signature);
    return signed === undefined || signed.wire === wire ? [] : [signed];
  });
}

/** The message with calls of functions instead of calls of custom tools, which are functions for another wire format. */
function withFunctionCalls(message: Message): Message {
  const { role, content } = message;
  if (role !== "assistant" || typeof content === "string") return message;
  if (!content.some((part) => part.type === "tool-call" && part.kind === "custom")) return message;
  const parts = content.map((part) => {
    if (part.type !== "tool-call" || part.kind !== "custom") return part;
    const { kind: _, ...call } = part;
    return call;
  });
  return { role, content: parts };
}

/** Why a target cannot serve messages with media that only another wire format can refer to. */
export function blockRefusal(message: Message, { dialect }: Target): string | undefined {
  const refused = foreignBlocks(message, dialect).find(({ without }) => without === "refused");
  return refused && `only the ${refused.wire} wire can refer to this ${String(refused.block["type"] ?? "content")}`;
}

/** The message of a client in another wire format, without what only that has; `undefined` if nothing remains. */
export function fromOtherWire(
  given: Message,
  { dialect }: Target,
  report: (block: SameWireBlock) => void,
): Message | undefined {
  const message = withFunctionCalls(given);
  const foreign = foreignBlocks(message, dialect);
  if (foreign.length === 0) return message;
  for (const block of foreign) if (block.without === undefined || block.without === "refused") report(block);
  const kept = (message.content as readonly Part[]).flatMap((part): Part[] => {
    const signed = signedBlock(part.signature);
    if (signed === undefined || signed.wire === dialect) return [part];
    const { signature: _, owner: __, ...plain } = part as Part & Signed;
    return plain.type === "text" && plain.text === "" ? [] : [plain as Part];
  });
  return kept.length === 0 ? undefined : ({ ...message, content: kept } as Message);
}

/** The message of a client without marks that the vendor's API has and this host may not, unless its entry lists them. */
export function forHost(message: Message, { provider }: Target, clientFields: readonly string[]): Message {
  const { content } = message;
  if (typeof content === "string") return message;
  let isChanged = false;
  const parts = content.map((part: Part & Signed) => {
    const signed = part.owner === provider ? undefined : signedBlock(part.signature);
    if (signed?.without !== "expressed" || clientFields.some((name) => name in signed.block)) return part;
    isChanged = true;
    const { signature: _, owner: __, ...plain } = part;
    return plain;
  });
  return isChanged ? ({ ...message, content: parts } as Message) : message;
}

/** Throws `unsupported` if a target of another wire format cannot serve the request. */
export function requireWire({ wire, refusal }: SameWire, target: Target): void {
  if (wire !== target.dialect && refusal !== undefined) throw misfitError(target, "unsupported", refusal);
}
