import type { EntryConfig } from "../config/load.ts";
import { type Discovery, isModelError, type ModelError } from "../index.ts";
import type { CliContext } from "./context.ts";
import type { EntryRow } from "./entry-row.ts";
import type { Project } from "./project.ts";

/** The answer of one provider for one key. */
export interface Listing {
  readonly provider: string;
  readonly baseUrl: string;
  /** Entries that use this provider and key, with the key's index among their keys. */
  readonly users: readonly { readonly row: EntryRow; readonly key: number; readonly keys: number }[];
  readonly answer: Discovery | ModelError;
}

type ListRequest = Omit<Listing, "answer">;

/** Maximum number of concurrent requests. */
const MAX_CONCURRENT = 8;

/** Fetches the model lists for these entries, once per address and key. */
export async function listingsOf(
  project: Project,
  rows: readonly EntryRow[],
  context: CliContext,
): Promise<readonly Listing[]> {
  const requests = requestsOf(project, rows);
  const listings: Listing[] = [];
  const waiting = [...requests.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, request] = next;
      context.print.busy(`asking ${request.provider} (${requests.length - waiting.length} of ${requests.length})`);
      listings[index] = { ...request, answer: await ask(project, request, context.signal) };
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, work));
  context.print.idle();
  return listings;
}

async function ask(project: Project, { users }: ListRequest, signal: AbortSignal): Promise<Discovery | ModelError> {
  const [{ row, key, keys } = { row: undefined, key: 0, keys: 0 }] = users;
  try {
    return await project.factory.discover(row?.name, { signal, ...(keys > 0 && { key }) });
  } catch (error) {
    if (!isModelError(error) || signal.aborted) throw error;
    return error;
  }
}

function requestsOf({ config }: Project, rows: readonly EntryRow[]): readonly ListRequest[] {
  const requests = new Map<string, { provider: string; baseUrl: string; users: Listing["users"][number][] }>();
  for (const row of rows.filter(({ usable }) => usable)) {
    // Simulated entries ignore `api_key` and `base_url`.
    const entry = row.provider === "simulator" ? undefined : config.resolveEntry(row.name, { requireKey: false });
    const keys = entry?.apiKey ?? [];
    for (const [key, secret] of (keys.length === 0 ? [undefined] : keys).entries()) {
      const id = JSON.stringify([placeOf(row, entry), secret]);
      const request = requests.get(id) ?? { provider: row.provider, baseUrl: row.baseUrl, users: [] };
      request.users.push({ row, key, keys: keys.length });
      requests.set(id, request);
    }
  }
  return [...requests.values()];
}

/** The values in which two entries must agree to share a list. */
function placeOf({ provider, baseUrl, wire }: EntryRow, entry: Partial<EntryConfig> = {}): readonly unknown[] {
  const { organizationId, projectId, authHeader, extraHeaders, proxy, tls, apiVersion } = entry;
  const { vertexProject, vertexLocation } = entry;
  // Both OpenAI wires share a list.
  const list = wire.replace(/^openai-responses$/, "openai");
  const address = [entry.baseUrl ?? baseUrl, apiVersion, vertexProject, vertexLocation, proxy, tls];
  return [provider, list, address, organizationId, projectId, authHeader, extraHeaders];
}
