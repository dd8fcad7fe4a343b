import { isDated, stemOf } from "./identity.ts";
import type { ModelRow } from "./model-row.ts";
import { tableOf } from "./table.ts";

/** The vendors of the most used models, in the order of suggestions. */
const MAKERS = ["anthropic", "openai", "google", "deepseek", "mistral", "xai", "moonshot", "dashscope", "zhipuai"];

/** Previews, and copies with a month or a build number. */
const NO_RELEASE = /preview|beta|exp$|-\d{4}$|\d-\d+-\d+$/;
const LONG_WINDOW = 100_000;

/** The newest model of each family at its vendor, for editor suggestions. Any other id is valid too. */
export function currentModels(): readonly string[] {
  return [...new Set(MAKERS.flatMap(currentModelsOf))];
}

/** The current models of one provider, newest first; none for a provider without its own models. */
export function currentModelsOf(provider: string): readonly string[] {
  if (!MAKERS.includes(provider)) return [];
  return newestOfFamilies([...(tableOf(provider)?.byId.values() ?? [])].filter(isCurrent));
}

/** A release without an announced end, with tools, reasoning and a long context window. */
function isCurrent({ id, retiresOn, can = [], context = LONG_WINDOW }: ModelRow): boolean {
  const isRelease = !isDated(id) && stemOf(id) === id && !NO_RELEASE.test(id);
  const isAble = can.includes("tools") && can.includes("reasoning") && context >= LONG_WINDOW;
  return isRelease && isAble && retiresOn === undefined;
}

/** Newest versions first. */
function newestOfFamilies(rows: readonly ModelRow[]): string[] {
  const newest = new Map<string, string>();
  for (const { id } of rows) {
    const family = familyOf(id);
    const known = newest.get(family);
    if (known === undefined || byVersion(id, known) < 0) newest.set(family, id);
  }
  return [...newest.values()].sort(byVersion);
}

/** The id without its version. */
function familyOf(id: string): string {
  return wordsOf(id).join("-");
}

export function wordsOf(id: string): readonly string[] {
  const words = id.split(/[-.]/).map((word) => word.replace(/\d+/g, ""));
  return words.filter((word) => word !== "");
}

function byVersion(left: string, right: string): number {
  const [mine, other] = [versionOf(left), versionOf(right)];
  for (let at = 0; at < Math.max(mine.length, other.length); at++) {
    const difference = (other[at] ?? 0) - (mine[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left < right ? -1 : 1;
}

function versionOf(id: string): readonly number[] {
  return (id.match(/\d+(?:\.\d+)?/g) ?? []).map(Number);
}
