import type { EntryConfig } from "../config/load.ts";
import { type Discovery, isModelError, type ModelError } from "../index.ts";
import type { CliContext } from "./context.ts";
import type { EntryRow } from "./entry-row.ts";
import type { Project } from "./project.ts";

/** What one provider said to one key. */
export interface Listing {
  readonly provider: string;
  readonly baseUrl: string;
  /** Entries that go there with this key, with its place among their keys. */
  readonly users: readonly { readonly row: EntryRow; readonly key: number; readonly keys: number }[];
  readonly answer: Discovery | ModelError;
}

type Question = Omit<Listing, "answer">;

/** Providers that are asked at the same time. */
const AT_ONCE = 8;

/** Asks for the lists of models behind these entries: each address once with each key. */
export async function listingsOf(
  project: Project,
  rows: readonly EntryRow[],
  context: CliContext,
): Promise<readonly Listing[]> {
  const questions = questionsOf(project, rows);
  const listings: Listing[] = [];
  const waiting = [...questions.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, question] = next;
      context.print.busy(`asking ${question.provider} (${questions.length - waiting.length} of ${questions.length})`);
      listings[index] = { ...question, answer: await ask(project, question, context.signal) };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  context.print.idle();
  return listings;
}

async function ask(project: Project, { users }: Question, signal: AbortSignal): Promise<Discovery | ModelError> {
  const [{ row, key, keys } = { row: undefined, key: 0, keys: 0 }] = users;
  try {
    return await project.factory.discover(row?.name, { signal, ...(keys > 0 && { key }) });
  } catch (error) {
    if (!isModelError(error) || signal.aborted) throw error;
    return error;
  }
}

function questionsOf({ config }: Project, rows: readonly EntryRow[]): readonly Question[] {
  const questions = new Map<string, { provider: string; baseUrl: string; users: Listing["users"][number][] }>();
  for (const row of rows.filter(({ usable }) => usable)) {
    // A simulated entry has neither key nor address, whatever it names.
    const entry = row.provider === "simulator" ? undefined : config.resolveEntry(row.name, { requireKey: false });
    const keys = entry?.apiKey ?? [];
    for (const [key, secret] of (keys.length === 0 ? [undefined] : keys).entries()) {
      const id = JSON.stringify([placeOf(row, entry), secret]);
      const question = questions.get(id) ?? { provider: row.provider, baseUrl: row.baseUrl, users: [] };
      question.users.push({ row, key, keys: keys.length });
      questions.set(id, question);
    }
  }
  return [...questions.values()];
}

/** What makes two entries ask the same server as the same client. */
function placeOf({ provider, baseUrl, wire }: EntryRow, entry: Partial<EntryConfig> = {}): readonly unknown[] {
  const { organizationId, projectId, authHeader, extraHeaders, proxy, tls, apiVersion } = entry;
  const { vertexProject, vertexLocation } = entry;
  // Both OpenAI wires have one list.
  const list = wire.replace(/^openai-responses$/, "openai");
  const address = [entry.baseUrl ?? baseUrl, apiVersion, vertexProject, vertexLocation, proxy, tls];
  return [provider, list, address, organizationId, projectId, authHeader, extraHeaders];
}
