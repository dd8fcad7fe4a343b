import type { Message, Part } from "../core/message.ts";
import { signedBlock } from "../core/same-wire.ts";
import type { Target } from "../core/target.ts";
import type { Report } from "./report.ts";

/**
 * Reports reasoning and signatures that are not sent: each is sent back only to its provider, in its wire format. `reads`
 * distinguishes the signatures of this wire format from others of the same provider.
 */
export function reportForeignState(
  messages: readonly Message[],
  { provider }: Target,
  reads: (signature: string) => boolean,
  report: Report,
): void {
  for (const owner of foreignOwners(messages, provider, reads)) {
    const reason = `${provider} cannot use state signed by ${owner}`;
    report("messages", `reasoning and signatures of ${owner}`, undefined, reason);
  }
}

/** Reports unsigned reasoning that is not sent; a program or another library may have added it. */
export function reportUnsigned(messages: readonly Message[], { provider }: Target, report: Report): void {
  const isUnsigned = ({ role, content }: Message): boolean =>
    role === "assistant" && typeof content !== "string" && content.some(isUnsignedReasoning);
  if (!messages.some(isUnsigned)) return;
  const reason = `${provider} takes no reasoning back without its signature`;
  report("messages", "unsigned reasoning", undefined, reason);
}

function isUnsignedReasoning(part: Part): boolean {
  return part.type === "reasoning" && (part.signature === undefined || part.owner === undefined);
}

function foreignOwners(
  messages: readonly Message[],
  provider: string,
  reads: (signature: string) => boolean,
): ReadonlySet<string> {
  const owners = new Set<string>();
  for (const { role, content } of messages) {
    if (role !== "assistant" || typeof content === "string") continue;
    for (const { signature, owner } of content) {
      if (signature === undefined || owner === undefined || signedBlock(signature) !== undefined) continue;
      if (owner !== provider || !reads(signature)) owners.add(owner);
    }
  }
  return owners;
}
