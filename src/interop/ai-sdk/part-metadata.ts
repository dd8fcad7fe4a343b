import type { SharedV4ProviderMetadata, SharedV4ProviderOptions } from "@ai-sdk/provider";
import type { ReasoningPart, Signed, ToolCallPart } from "../../core/message.ts";
import { TOOL_KINDS, type ToolKind } from "../../core/tool.ts";
import { OWN_KEY } from "../reply-facts.ts";

/** What the AI SDK keeps with a part of an answer, and returns with the next request. */
type Kept = Signed & Pick<ReasoningPart, "redacted"> & Pick<ToolCallPart, "kind">;

/** Metadata for a part of an answer; `undefined` if the next request does not need any. */
export function partMetadata({ signature, owner, redacted, kind }: Kept): SharedV4ProviderMetadata | undefined {
  const kept = { signature, owner, redacted, kind };
  const known = Object.entries(kept).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : { [OWN_KEY]: Object.fromEntries(known) };
}

/** Our data of a part, a message or a call. Clients may have sent it, so that nothing in it is trusted. */
export function ownOptions(options: SharedV4ProviderOptions | undefined): Readonly<Record<string, unknown>> {
  const own: unknown = options?.[OWN_KEY];
  return typeof own === "object" && own !== null && !Array.isArray(own) ? (own as Record<string, unknown>) : {};
}

/** The reverse of `partMetadata`. */
export function keptOf(options: SharedV4ProviderOptions | undefined): Kept {
  const { signature, owner, redacted, kind } = ownOptions(options);
  return {
    ...(typeof signature === "string" && { signature }),
    ...(typeof owner === "string" && { owner }),
    ...(redacted === true && { redacted }),
    ...(isKind(kind) && { kind }),
  };
}

function isKind(value: unknown): value is ToolKind {
  return (TOOL_KINDS as readonly unknown[]).includes(value);
}
