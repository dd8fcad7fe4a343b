import type { Adjustment } from "../../../core/attempt.ts";
import type { CachePoint, PromptCache } from "../../../core/option-values.ts";
import type { Fields } from "../../served/fields.ts";
import { asObjects, type Json } from "../../served/json.ts";

/**
 * `cache_control` markers. A text block keeps its marker as `cache: true`. A marker on another block becomes a named cache
 * point (`tools`, `first-user`, `last-user`) if its position has a name; otherwise it is not read, and only the same wire
 * format gets it.
 */
export class CacheMarks {
  readonly #points: ReadonlyMap<string, CachePoint>;
  readonly #found = new Set<CachePoint>();
  readonly #ttls = new Set<"5m" | "1h">();
  readonly #adjustments: Adjustment[];

  constructor(body: Json, adjustments: Adjustment[]) {
    this.#points = pointsOf(body);
    this.#adjustments = adjustments;
  }

  /** Takes the marker of a block; returns whether there was one. */
  take(block: Fields): boolean {
    const mark = block.object("cache_control");
    if (mark === undefined) return false;
    mark.oneOf("type", ["ephemeral"]);
    this.#ttls.add(mark.oneOf("ttl", ["5m", "1h"]) ?? "5m");
    return true;
  }

  /** Takes the marker of a block that is not text. */
  takePoint(block: Fields): void {
    const point = this.#points.get(block.path);
    if (point !== undefined && this.take(block)) this.#found.add(point);
  }

  /** A marker on the request marks the end of the last user message. */
  takeAutomatic(body: Fields): void {
    if (this.take(body)) this.#found.add("last-user");
  }

  get promptCache(): PromptCache | undefined {
    const hasLong = this.#ttls.has("1h");
    if (hasLong && this.#ttls.has("5m"))
      this.#report("cache_control", "5m and 1h", "1h", "all cached prefixes have the same TTL");
    if (!hasLong && this.#found.size === 0) return undefined;
    return { ...(hasLong && { ttl: "1h" }), points: [...this.#found] };
  }

  #report(setting: string, from: unknown, to: unknown, reason: string): void {
    this.#adjustments.push({ setting, from, to, reason });
  }
}

/** The paths of the blocks that are named cache points. */
function pointsOf(body: Json): ReadonlyMap<string, CachePoint> {
  const points = new Map<string, CachePoint>();
  const messages = asObjects(body.messages);
  const isUser = ({ role }: Json) => role === "user";
  const mark = (at: number, point: CachePoint) => {
    const last = asObjects(messages[at]?.content).length - 1;
    if (last >= 0) points.set(`messages[${at}].content[${last}]`, point);
  };
  mark(messages.findLastIndex(isUser), "last-user");
  mark(messages.findIndex(isUser), "first-user");
  points.set(`tools[${asObjects(body.tools).length - 1}]`, "tools");
  return points;
}
