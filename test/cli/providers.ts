import { type Loopback, serve } from "../harness/loopback.ts";

type Answer = readonly [status: number, body: unknown] | unknown;

/** A server that gives each key (or "none") its answer to whatever is asked; a pair is status and body. */
export async function listing(answers: Readonly<Record<string, Answer>>): Promise<Loopback> {
  return serve((request, response) => {
    const { authorization = "", ...headers } = request.headers;
    const key = authorization.replace("Bearer ", "") || (headers["x-goog-api-key"] as string | undefined) || "none";
    const answer = answers[key] ?? [401, { error: { message: `bad key ${key}`, code: "invalid_api_key" } }];
    const [status, body] = Array.isArray(answer) ? (answer as [number, unknown]) : [200, answer];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
}

export const openaiModels = (...ids: readonly string[]) => ({
  object: "list",
  data: ids.map((id) => ({ id, object: "model", created: 1_767_225_600, owned_by: "maker" })),
});

export const claudeModels = (...ids: readonly string[]) => ({
  data: ids.map((id) => ({
    id,
    type: "model",
    display_name: id,
    created_at: "2026-01-01T00:00:00Z",
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    lifecycle: "active",
    retires_at: id.includes("haiku") ? "2031-02-03T00:00:00Z" : null,
  })),
  has_more: false,
});

export function entryOf(name: string, lines: Readonly<Record<string, string | readonly string[]>>): string {
  const keys = Object.entries(lines).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return `[models.${name}]\n${keys.join("\n")}\n\n`;
}
