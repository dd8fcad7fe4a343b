import { DURATION_PATTERN, durationMs } from "../config/duration.ts";
import type { WireName } from "../core/wire-name.ts";
import { parseJson } from "../dialects/served/json.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { CallOptions } from "../model/options.ts";
import type { ClientRequest } from "./client-request.ts";

/** What the `x-modelwright-*` headers of a request ask for. */
export interface HeaderOptions {
  readonly options: Pick<CallOptions, "tags" | "cache" | "metadata">;
  readonly deadlineMs: number | undefined;
}

/** Headers for a version or a trial of the API. */
const OF_THE_WIRE: Readonly<Record<WireName, readonly string[]>> = {
  openai: ["openai-beta"],
  "openai-responses": ["openai-beta"],
  anthropic: ["anthropic-beta", "anthropic-version"],
  google: [],
};

/** The headers of a request that belong to its wire format. */
export function wireHeaders(request: ClientRequest, wire: WireName): Readonly<Record<string, string>> {
  const present: Record<string, string> = {};
  for (const name of OF_THE_WIRE[wire]) {
    const value = request.header(name);
    if (value !== null) present[name] = value;
  }
  return present;
}

/** The longest time for the complete call. */
export const DEADLINE_HEADER = "x-modelwright-deadline";

/** @throws Rejection for a value that is not valid. */
export function headerOptions(request: ClientRequest): HeaderOptions {
  const tags = request.header("x-modelwright-tags");
  const cache = request.header("x-modelwright-cache");
  const deadline = request.header(DEADLINE_HEADER);
  const metadata = request.header("x-modelwright-metadata");
  return {
    options: {
      ...(tags !== null && { tags: listIn(tags) }),
      ...(cache !== null && { cache: modeIn(cache) }),
      ...(metadata !== null && { metadata: labelsIn(metadata) }),
    },
    deadlineMs: deadline === null ? undefined : durationIn(deadline),
  };
}

function listIn(value: string): readonly string[] {
  return value
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}

const MODES = ["use", "refresh", "bypass", "only"] as const;

function modeIn(value: string): (typeof MODES)[number] {
  return MODES.find((mode) => mode === value) ?? invalid("x-modelwright-cache", `one of ${MODES.join(", ")}`);
}

function durationIn(value: string): number {
  if (DURATION_PATTERN.test(value)) return durationMs(value);
  return /^\d{1,9}(?:\.\d+)?$/.test(value)
    ? durationMs(Number(value))
    : invalid(DEADLINE_HEADER, 'seconds, or a duration such as "500ms" or "30s"');
}

function labelsIn(value: string): Readonly<Record<string, string>> {
  const labels = parseJson(value);
  const isLabels =
    typeof labels === "object" &&
    labels !== null &&
    !Array.isArray(labels) &&
    Object.values(labels).every((label) => typeof label === "string");
  return isLabels
    ? (labels as Readonly<Record<string, string>>)
    : invalid("x-modelwright-metadata", "a JSON object of strings");
}

function invalid(name: string, expected: string): never {
  throw new Rejection({ kind: "invalid", message: `the header ${name} must be ${expected}`, param: name });
}
