import type { Adjustment } from "../../core/attempt.ts";
import type { Signed } from "../../core/message.ts";
import { own } from "../../core/own.ts";
import type { ModelRequest } from "../../core/request.ts";
import { type SameWire, type SameWireBlock, signBlock } from "../../core/same-wire.ts";
import type { Tool } from "../../core/tool.ts";
import type { WireName } from "../../core/wire-name.ts";
import type { Fields } from "./fields.ts";
import type { Json } from "./json.ts";
import { markOf, type WireMarks } from "./marks.ts";
import { refuseOtherModel } from "./other-model.ts";

type WebSearch = ModelRequest["settings"]["webSearch"];

/** A tool of the client, as functions for every target. */
export interface ReadTool {
  readonly functions?: readonly Tool[];
  readonly webSearch?: WebSearch;
  /** What another wire format gets instead. Default: the functions or the search have all of it. */
  readonly loss?: Omit<Adjustment, "setting" | "from">;
}

export interface ToolsRead {
  readonly tools: readonly Tool[];
  readonly webSearch: WebSearch;
}

/** No provider accepts so many. */
export const MAX_TOOLS = 4_096;

/** Blocks and items that add tools to those of the request. */
const ADDING_TOOLS: ReadonlySet<unknown> = new Set(["tool_addition", "additional_tools", "tool_search_output"]);

/** Collects what only the wire format of the client has while its request is read. */
export class OwnWire {
  readonly #wire: WireName;
  readonly #owner: string;
  readonly #body: Record<string, unknown> = {};
  readonly #losses: Adjustment[] = [];
  readonly #marks: WireMarks;
  readonly #joined: Record<string, readonly string[]> = {};
  #tools: unknown;
  #refusal: string | undefined;
  #thinkingBudget: number | undefined;

  /** `owner`: the vendor of the wire format. */
  constructor(wire: WireName, owner: string, marks: WireMarks) {
    this.#wire = wire;
    this.#owner = owner;
    this.#marks = marks;
  }

  /** A field that is sent as it was received; `to`: what other wire formats get instead. */
  keep(name: string, value: unknown, loss?: Pick<Adjustment, "reason"> & Partial<Pick<Adjustment, "to" | "setting">>) {
    this.#body[name] = value;
    if (loss !== undefined) this.#losses.push({ setting: name, from: value, to: undefined, ...loss });
  }

  /** A list of which some elements are read; the others are added to the list that is sent. */
  join(name: string, value: readonly string[], reason: string): void {
    this.#joined[name] = value;
    this.#losses.push({ setting: name, from: value, to: undefined, reason });
  }

  /** The tokens for thinking, of which other wire formats get the nearest effort. */
  budget(
    tokens: number,
    setting: string,
    { effort, exact }: { readonly effort: string; readonly exact: boolean },
  ): void {
    this.#thinkingBudget = tokens;
    if (exact) return;
    this.#losses.push({ setting, from: tokens, to: effort, reason: "converted to the nearest effort" });
  }

  /**
   * Reads a block. What the part cannot express stays with it as its signature; a part that has one already is read as far as
   * possible. `expressed`: unread fields that the part expresses for other wire formats.
   */
  part<Part extends Signed>(block: Fields, read: (block: Fields) => Part, expressed: readonly string[] = []): Part {
    const part = read(block);
    if (part.signature !== undefined) return part;
    const unread = block.unread().map(({ setting }) => setting);
    if (!block.takeEverything()) return part;
    const isExpressed = unread.every((path) => expressed.some((name) => path.endsWith(`.${name}`)));
    return { ...part, ...this.signed(block.sent, isExpressed ? "expressed" : undefined) };
  }

  /** A part for the fields of a message that only this wire format has; `undefined` if it has none of them. */
  messageFields(
    message: Fields,
    names: readonly string[],
  ): ({ readonly type: "text"; readonly text: "" } & Signed) | undefined {
    const present = names.filter((name) => message.has(name));
    if (present.length === 0) return undefined;
    const fields = Object.fromEntries(present.map((name) => [name, message.take(name)]));
    return { type: "text", text: "", ...this.signed({ type: "message", fields }) };
  }

  /** A block that no part expresses. */
  block(block: Fields, without?: SameWireBlock["without"]): { readonly type: "text"; readonly text: "" } & Signed {
    block.takeEverything();
    if (ADDING_TOOLS.has(block.sent.type)) refuseOtherModel(block);
    return { type: "text", text: "", ...this.signed(block.sent, without) };
  }

  signed(block: Json, without?: SameWireBlock["without"]): Required<Signed> {
    const signature = signBlock({ wire: this.#wire, block, ...(without && { without }) });
    return { signature, owner: this.#owner };
  }

  /** The tools of a request. Unless all are functions as every wire format has them, they are also kept as they are. */
  tools(body: Fields, read: (tool: Fields) => ReadTool): ToolsRead {
    const tools: Tool[] = [];
    let webSearch: WebSearch;
    let isPlain = true;
    for (const tool of body.objects("tools") ?? []) {
      this.#refuseTool(tool);
      const { functions = [], loss, ...more } = read(tool);
      for (const one of functions) tools.push(one);
      if (tools.length > MAX_TOOLS) body.refuse(`more than ${MAX_TOOLS} tools`, "tools");
      webSearch = more.webSearch ?? webSearch;
      if (loss !== undefined) this.#losses.push({ setting: tool.path, from: tool.sent, ...loss });
      else this.#loseUnread(tool);
      isPlain = !tool.takeEverything() && loss === undefined && isPlain;
    }
    this.#tools = body.sent.tools;
    if (!isPlain) this.keepTools();
    return { tools, webSearch };
  }

  /** Keeps the tools as they were received. */
  keepTools(): void {
    this.#body.tools = this.#tools;
  }

  /** Whether tools are sent as they were received; then everything about them is. */
  get keepsTools(): boolean {
    return this.#body.tools !== undefined;
  }

  /** A tool that the model must call and that only this wire format has. */
  requireTool(path: string): void {
    const lost = this.#losses.find(({ setting, to }) => setting.startsWith("tools[") && to === undefined);
    if (lost !== undefined)
      this.#refusal = `${path} requires a tool that cannot be called: ${lost.setting}: ${lost.reason}`;
  }

  /** All of it, with the fields of the body that were not read. `bound`: objects that mean nothing without what was read. */
  finish(body: Fields, bound: readonly string[] = []): SameWire {
    this.#loseUnread(body);
    const additions = body.takeAdditions(bound);
    const fields = { ...body.takeAll(), ...this.#body };
    const unknown = Object.keys({ ...fields, ...additions.inner }).filter(
      (name) => own(this.#marks.fields, name) === undefined,
    );
    return {
      wire: this.#wire,
      vendor: this.#owner,
      body: fields,
      unknown,
      additions: { ...additions, fields: this.#joined },
      thinkingBudget: this.#thinkingBudget,
      headers: {},
      losses: this.#losses,
      refusal: this.#refusal,
    };
  }

  #refuseTool(tool: Fields): void {
    const { type } = tool.sent;
    if (typeof type === "string" && markOf(this.#marks.tools, type) === "refused")
      tool.refuse(`tools of type ${type} are not supported: another model answers, at another price`);
    refuseOtherModel(tool);
  }

  #loseUnread(fields: Fields): void {
    const reason = `only the ${this.#wire} wire has this field`;
    for (const adjustment of fields.unreadFields()) this.#losses.push({ ...adjustment, reason });
  }
}
