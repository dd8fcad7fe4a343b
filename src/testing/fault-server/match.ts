import type { RawRequest } from "./request-reader.ts";

/** The requests that a route matches; absent fields match everything. */
export interface RequestMatch {
  readonly method?: string;
  /** Part of path and query. */
  readonly path?: string;
  /** Part of the value of each listed header. */
  readonly header?: Readonly<Record<string, string>>;
  /** Part of the raw body. */
  readonly body?: string;
}

export function matches(match: RequestMatch, { method, target, headers, body }: RawRequest): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== method) return false;
  if (match.path !== undefined && !target.includes(match.path)) return false;
  const wanted = Object.entries(match.header ?? {});
  if (!wanted.every(([name, part]) => headers[name.toLowerCase()]?.includes(part))) return false;
  return match.body === undefined || body.toString("utf8").includes(match.body);
}
