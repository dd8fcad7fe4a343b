import type { EntryConfig } from "../config/load.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Address } from "../core/target.ts";
import { withoutEnd } from "../core/without-end.ts";
import { vertexBaseUrl } from "../dialects/google/address.ts";
import type { ResolveContext, ResolvedEntry } from "./resolve-context.ts";

/** Placeholder for the URL of the embedded simulator until it has started. */
export const SIMULATED_URL = "http://simulator.invalid";

/** Placeholder for the project in the path of a Vertex request. */
const SIMULATED_PROJECT = "simulated";

/** @throws ConfigError if the provider has no default URL and none is set. */
export function addressOf(source: ResolvedEntry, context: Pick<ResolveContext, "custom" | "config">): Address {
  const { entry, row, simulated } = source;
  const isRegional = row?.location !== undefined;
  return {
    baseUrl: simulated ? SIMULATED_URL : baseUrlOf(source, context),
    apiVersion: entry.apiVersion,
    organization: entry.organizationId,
    project: entry.projectId,
    vertexProject: entry.vertexProject ?? (simulated && isRegional ? SIMULATED_PROJECT : undefined),
    vertexLocation: entry.vertexLocation ?? row?.location,
    azure: row?.undatedPath !== undefined && entry.apiVersion !== undefined,
  };
}

function baseUrlOf(
  { entry, row }: ResolvedEntry,
  { custom, config }: Pick<ResolveContext, "custom" | "config">,
): string {
  const usual = row?.location === undefined ? row?.baseUrl : vertexBaseUrl(entry.vertexLocation ?? row.location);
  const baseUrl = entry.baseUrl ?? usual;
  if (baseUrl === undefined) {
    // A custom dialect may have its own URL.
    if (custom.has(entry.provider)) return SIMULATED_URL;
    throw noAddress(entry, config);
  }
  const undatedPath = entry.apiVersion === undefined ? row?.undatedPath : undefined;
  return undatedPath === undefined ? baseUrl : withPath(baseUrl, undatedPath);
}

function withPath(baseUrl: string, path: string): string {
  const trimmed = withoutEnd(baseUrl, "/");
  return trimmed.endsWith(path) ? trimmed : trimmed + path;
}

function noAddress(entry: EntryConfig, config: ResolveContext["config"]): ConfigError {
  const at = config.origin(entry.entry, "provider");
  return new ConfigError([
    {
      file: config.file,
      line: at?.line ?? 0,
      column: at?.column ?? 0,
      path: `models.${entry.entry}.base_url`,
      message: `provider "${entry.provider}" has no default URL; set base_url`,
    },
  ]);
}

export function originOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).origin : baseUrl;
}
