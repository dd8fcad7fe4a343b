import type { ToolKind } from "../../core/tool.ts";
import { InitialText } from "./initial-text.ts";
import { ItemList } from "./item-list.ts";
import { ItemText } from "./item-text.ts";
import type { OpenCall } from "./open-call.ts";
import { objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

/** Items that are calls for the client. */
export const CALL_KINDS: Readonly<Record<string, ToolKind>> = {
  function_call: "function",
  custom_tool_call: "custom",
  apply_patch_call: "apply_patch",
  shell_call: "shell",
  local_shell_call: "shell",
};

/** One output item. */
export class OutputItem {
  readonly type: string;
  readonly ids = new Set<string>();
  callId: string | undefined;
  name: string | undefined;
  index: number | undefined;
  /** Whether the complete item was read. */
  finished = false;
  /** Whether log probabilities of its text were read. */
  hasLogprobs = false;
  /** The repetitions that were read. */
  content: string | undefined;
  call: OpenCall | undefined;
  /** Arguments that arrived before the call started. */
  early = "";
  /** Arguments in the `added` event of the call. */
  opening = new InitialText("");
  /** Started parts; events without an index belong to the last one. */
  parts = 0;
  readonly text = new ItemText();
  readonly refusal = new ItemText();
  readonly summary = new ItemText("\n\n");
  readonly thought = new ItemText();
  /** The diff of a patch; not emitted in chunks. */
  readonly diff = new ItemText();

  constructor(type: string, index: number | undefined) {
    this.type = type;
    this.index = index;
  }
}

/**
 * Finds the item of an event: by its type and a known id, otherwise by its index. Some servers use the index of the next item,
 * one index for several items, or a new id for every event.
 */
export class ItemTable {
  readonly items: OutputItem[] = [];
  readonly #byType = new Map<string, ItemList<OutputItem>>();
  readonly #byId = new Map<string, ItemList<OutputItem>>();
  readonly #byPlace = new Map<string, ItemList<OutputItem>>();
  /** The types with an item that has an id. */
  readonly #named = new Set<string>();

  /** The item of a delta; a new one if it belongs to none. */
  ofDelta(type: string, id: string | undefined, index: number | undefined): OutputItem {
    const known = this.#known(type, id, index, (item) => !isElsewhere(item, index));
    return known ?? this.#adopt(this.#placed(type, id, index), id) ?? this.#add(type, id, index);
  }

  /** The item of a `.done` event, which may have a wrong index. */
  ofDone(type: string, id: string | undefined, index: number | undefined): OutputItem {
    const found = this.#known(type, id, index) ?? this.#placed(type, id, index) ?? this.#onlyOpen(type, id);
    return this.#adopt(found, id) ?? this.#add(type, id, index);
  }

  /** The item that starts; a known item starts only once. */
  ofAdded(wire: WireObject, index: number | undefined): OutputItem {
    const { type, id, callId } = identityOf(wire);
    const known = this.#identified(wire, index, () => true);
    if (known !== undefined && !isElsewhere(known, index)) return this.#claim(known, id, callId, nameOf(wire));
    const there = this.#at(type, index).lastOpen();
    const nameless = there !== undefined && there.ids.size === 0 && there.callId === undefined;
    const fresh = nameless && (id !== undefined || callId !== undefined || isSilent(there));
    return this.#claim(fresh ? there : this.#add(type, id, index), id, callId, nameOf(wire));
  }

  /** The item that is complete. */
  ofFinished(wire: WireObject, index: number | undefined): OutputItem {
    const { type, id, callId } = identityOf(wire);
    const fits = (item: OutputItem) => item.callId === undefined || callId === undefined || item.callId === callId;
    const content = contentOf(wire);
    const differs = (item: OutputItem) => item.name !== nameOf(wire) || (item.finished && item.content !== content);
    const known = this.#identified(wire, index, differs);
    const isOther = known?.finished === true && isElsewhere(known, index) && known.content !== content;
    const found =
      (isOther ? undefined : known) ??
      this.#at(type, index).lastOpen(fits) ??
      (index === undefined || id === undefined ? this.#onlyOpen(type, id, fits) : undefined);
    return this.#claim(found ?? this.#add(type, id, index), id, callId, nameOf(wire));
  }

  /** The items of a complete response, matched with the known ones; others are new. */
  ofOutput(output: readonly WireObject[]): readonly (readonly [OutputItem, WireObject])[] {
    const claimed = new Set<OutputItem>();
    const found = new Map<WireObject, OutputItem>();
    let entries = [...output.entries()];
    const claim = (find: (wire: WireObject, position: number) => OutputItem | undefined) => {
      for (const [position, wire] of entries) {
        const item = found.has(wire) ? undefined : find(wire, position);
        if (item === undefined || claimed.has(item)) continue;
        claimed.add(item);
        found.set(wire, item);
      }
    };
    claim((wire, position) => {
      return this.#identified(wire, position, (item) => item.name !== nameOf(wire));
    });
    const copies = copiesIn(output, found);
    entries = entries.filter(([, wire]) => !copies.has(wire));
    const queues = new Map<ItemList<OutputItem>, Iterator<OutputItem>>();
    const firstUnclaimed = (list: ItemList<OutputItem>): OutputItem | undefined => {
      const queue = queues.get(list) ?? list[Symbol.iterator]();
      queues.set(list, queue);
      for (let next = queue.next(); next.done !== true; next = queue.next())
        if (!claimed.has(next.value)) return next.value;
      return undefined;
    };
    claim((wire, position) => firstUnclaimed(this.#at(identityOf(wire).type, position)));
    claim((wire) => firstUnclaimed(this.#ofType(identityOf(wire).type)));
    return entries.map(([position, wire]) => {
      const { type, id, callId } = identityOf(wire);
      return [this.#claim(found.get(wire) ?? this.#add(type, id, position), id, callId, nameOf(wire)), wire] as const;
    });
  }

  /**
   * The item with the call id or the id. Some servers use one call id, or one id, for several calls: then an item with the same
   * call id, another index and an unknown id is another one if it `differs`.
   */
  #identified(wire: WireObject, index: number | undefined, differs: (item: OutputItem) => boolean) {
    const { type, id, callId } = identityOf(wire);
    const called = this.#known(
      type,
      callId,
      index,
      (item) => id === undefined || item.ids.has(id) || !isAway(item, index) || !differs(item),
    );
    if (called !== undefined) return called;
    const isOther = (item: OutputItem) =>
      callId !== undefined &&
      item.callId !== callId &&
      (item.finished || (item.callId !== undefined && isAway(item, index)));
    return this.#known(type, id, index, (item) => !isOther(item));
  }

  #known(
    type: string,
    id: string | undefined,
    index: number | undefined,
    fits: (item: OutputItem) => boolean = () => true,
  ): OutputItem | undefined {
    const known = id === undefined ? undefined : this.#byId.get(`${type} ${id}`);
    return known?.lastAt(index, fits) ?? known?.last(fits);
  }

  /** An unknown id does not start another item while the item at its index is open. */
  #placed(type: string, id: string | undefined, index: number | undefined): OutputItem | undefined {
    if (index === undefined) return id === undefined ? this.#ofType(type).last() : this.#ofType(type).lastOpen();
    const there = this.#at(type, index);
    return there.lastOpen() ?? (id === undefined ? there.last() : undefined);
  }

  #onlyOpen(type: string, id: string | undefined, fits?: (item: OutputItem) => boolean) {
    if (id !== undefined && this.#named.has(type)) return undefined;
    return this.#ofType(type).onlyOpen(fits);
  }

  #at(type: string, index: number | undefined): ItemList<OutputItem> {
    return (index === undefined ? undefined : this.#byPlace.get(`${type} ${index}`)) ?? NONE;
  }

  #ofType(type: string): ItemList<OutputItem> {
    return this.#byType.get(type) ?? NONE;
  }

  #adopt(item: OutputItem | undefined, id: string | undefined): OutputItem | undefined {
    return item === undefined ? undefined : this.#claim(item, id, undefined);
  }

  #claim(item: OutputItem, id: string | undefined, callId: string | undefined, name?: string): OutputItem {
    for (const each of [id, callId]) {
      if (each === undefined || item.ids.has(each)) continue;
      item.ids.add(each);
      this.#named.add(item.type);
      addTo(this.#byId, `${item.type} ${each}`, item);
    }
    item.callId ??= callId;
    item.name ??= name;
    return item;
  }

  #add(type: string, id: string | undefined, index: number | undefined): OutputItem {
    const item = new OutputItem(type, index);
    this.items.push(item);
    addTo(this.#byType, type, item);
    if (index !== undefined) addTo(this.#byPlace, `${type} ${index}`, item);
    return this.#claim(item, id, undefined);
  }
}

function isAway({ index }: OutputItem, place: number | undefined): boolean {
  return index !== undefined && place !== undefined && index !== place;
}

/** Whether a complete item is not the one at this index, because some servers use one id for all items. Calls have their own. */
function isElsewhere(item: OutputItem, place: number | undefined): boolean {
  return item.finished && item.callId === undefined && isAway(item, place);
}

/** The content that is equal for two repetitions of an item; encrypted content differs every time. */
export function contentOf(wire: WireObject): string {
  const texts = [wire["content"], wire["summary"]].map((parts) =>
    objectsIn(parts).map((part) => [part["text"], part["refusal"]]),
  );
  return canonical([texts, jsonIn(wire["arguments"]), wire["input"], wire["operation"], wire["action"]]);
}

/** Arguments are compared as JSON values. */
function jsonIn(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    const parsed: unknown = JSON.parse(value);
    canonical(parsed);
    return parsed;
  } catch {
    // Not JSON, or nested too deeply to serialize: compared as text.
    return value;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    const fields = objectIn(inner);
    return fields === undefined ? inner : Object.fromEntries(Object.entries(fields).sort(byName));
  });
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** The items that a response lists twice, among those that are not `known`. */
function copiesIn(output: readonly WireObject[], known: ReadonlyMap<WireObject, OutputItem>): ReadonlySet<WireObject> {
  const seen = new Set([...known.keys()].map(copyOf));
  const copies = new Set<WireObject>();
  for (const wire of output) {
    if (known.has(wire)) continue;
    const copy = copyOf(wire);
    if (copy !== undefined && seen.has(copy)) copies.add(wire);
    else seen.add(copy);
  }
  return copies;
}

/** A key that is equal for copies of an item; items without an id have no copies. */
function copyOf(wire: WireObject): string | undefined {
  const { type, id, callId } = identityOf(wire);
  if (id === undefined && callId === undefined) return undefined;
  return JSON.stringify([type, id, callId, wire["name"], contentOf(wire)]);
}

function identityOf(wire: WireObject) {
  return { type: textIn(wire["type"]) ?? "", id: textIn(wire["id"]), callId: textIn(wire["call_id"]) };
}

function nameOf(wire: WireObject): string | undefined {
  return textIn(wire["name"]);
}

function isSilent({ text, summary, thought, call, early }: OutputItem): boolean {
  return text.text === "" && summary.text === "" && thought.text === "" && call === undefined && early === "";
}

const NONE = new ItemList<OutputItem>();

function addTo(map: Map<string, ItemList<OutputItem>>, key: string, item: OutputItem): void {
  const list = map.get(key) ?? new ItemList<OutputItem>();
  map.set(key, list);
  list.add(item);
}
