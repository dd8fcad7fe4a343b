import type { Wire } from "../harness/wires.ts";
import { anthropicRow } from "./clients/anthropic.ts";
import type { Client, ClientRow } from "./clients/client.ts";
import { googleRow } from "./clients/google.ts";
import { openaiRows } from "./clients/openai.ts";

export { anthropicAt } from "./clients/anthropic.ts";
export { googleAt } from "./clients/google.ts";
export { openaiAt } from "./clients/openai.ts";

/** The providers' own SDKs, in their current versions. */
export const STOCK_ROWS: readonly ClientRow[] = [...openaiRows, anthropicRow, googleRow];

/** The current SDK of each wire format. */
export function clientsAt(url: string): Readonly<Record<Wire, Client>> {
  const clientOf = (wire: Wire) => (STOCK_ROWS.find((row) => row.wire === wire) as ClientRow).at(url);
  return {
    openai: clientOf("openai"),
    "openai-responses": clientOf("openai-responses"),
    anthropic: clientOf("anthropic"),
    google: clientOf("google"),
  };
}
