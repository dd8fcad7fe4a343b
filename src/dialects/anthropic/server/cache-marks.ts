import type { Adjustment } from "../../../core/attempt.ts";
import type { CachePoint, PromptCache } from "../../../core/option-values.ts";
import type { Fields } from "../../served/fields.ts";
import { asObjects, type Json } from "../../served/json.ts";

/**
 * The marks that end prompt-cache prefixes. A text keeps its own; on other blocks a mark is one of the points where the
 * request has a name for the place.
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

  /** Whether the block is marked. */
  take(block: Fields): boolean {
    const mark = block.object("cache_control");
    if (mark === undefined) return false;
    mark.word("type", ["ephemeral"]);
    this.#ttls.add(mark.word("ttl", ["5m", "1h"]) ?? "5m");
    return true;
  }

  /** Reads the mark of a block whose part has no place for it. */
  takeAway(block: Fields): void {
    const from = block.peek().cache_control;
    if (!this.take(block)) return;
    const point = this.#points.get(block.path);
    if (point !== undefined) this.#found.add(point);
    else
      this.#report(`${block.pathOf("cache_control")}`, from, undefined, "only texts and the usual points are marked");
  }

  /** The mark of the whole request is one at its end. */
  takeAutomatic(body: Fields): void {
    if (this.take(body)) this.#found.add("last-user");
  }

  get promptCache(): PromptCache | undefined {
    const longer = this.#ttls.has("1h");
    if (longer && this.#ttls.has("5m"))
      this.#report("cache_control", "5m and 1h", "1h", "all prefixes are kept for the same time");
    if (!longer && this.#found.size === 0) return undefined;
    return { ...(longer && { ttl: "1h" }), points: [...this.#found] };
  }

  #report(setting: string, from: unknown, to: unknown, reason: string): void {
    this.#adjustments.push({ setting, from, to, reason });
  }
}

/** The path of each block that has a name as a point. */
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
