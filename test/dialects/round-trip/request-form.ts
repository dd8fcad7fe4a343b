import { isDeepStrictEqual } from "node:util";
import type { Adjustment } from "../../../src/core/attempt.ts";
import type {
  FilePart,
  ImagePart,
  Message,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from "../../../src/core/message.ts";
import { keyOf, type Settings } from "../../../src/core/request.ts";
import { IMAGE_FOLLOWS } from "../../../src/dialects/moved-image.ts";
import { failedResult } from "../../../src/dialects/openai/chat-messages.ts";
import { fileName } from "../../../src/dialects/openai/media.ts";
import type { Wire } from "../../harness/wires.ts";

/** A request in the form in which two that say the same are equal. */
export interface RequestForm {
  readonly messages: readonly Message[];
  readonly settings: Settings;
  readonly samples: number;
}

export function formOf({ messages, settings, samples }: RequestForm): RequestForm {
  return { messages: plainMessages(messages), settings, samples };
}

/** Texts as parts, neighbours of one role together, ids numbered: none of it says anything. */
function plainMessages(messages: readonly Message[]): readonly Message[] {
  const ids = new Map<string, string>();
  let calls = 0;
  const renamed = messages.map((message): Message => {
    const parts: readonly Part[] =
      typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
    const content = parts.map((part): Part => {
      if (part.type === "tool-call") {
        const id = `call ${calls++}`;
        ids.set(part.id, id);
        return { ...part, id };
      }
      if (part.type !== "tool-result") return part;
      const { name: _, ...result } = part;
      const inner = typeof part.content === "string" ? [{ type: "text" as const, text: part.content }] : part.content;
      return { ...result, id: ids.get(part.id) ?? part.id, content: inner };
    });
    return { role: message.role, content } as Message;
  });
  return joined(renamed.filter(({ content }) => content.length > 0));
}

function joined(messages: readonly Message[]): readonly Message[] {
  const out: Message[] = [];
  for (const message of messages) {
    const last = out.at(-1);
    if (last?.role !== message.role) out.push(message);
    else out[out.length - 1] = { role: last.role, content: [...last.content, ...message.content] } as Message;
  }
  return out;
}

/** What the wire says in another way than the request, without a report, and why that is no loss. */
export interface Meaning {
  readonly why: string;
  /** The setting that a report of the change is about, where there is one. */
  readonly reported?: RegExp;
  /** Whether it is about what was read, too. */
  readonly both?: boolean;
  of(form: RequestForm, asked: Settings, adjustments: readonly Adjustment[]): RequestForm;
}

const parts = (form: RequestForm, change: (part: Part, message: Message) => readonly Part[]): RequestForm => {
  const messages = form.messages.map((message): Message => {
    return {
      role: message.role,
      content: (message.content as readonly Part[]).flatMap((part) => change(part, message)),
    } as Message;
  });
  return { ...form, messages: joined(messages.filter(({ content }) => content.length > 0)) };
};
const results = (
  form: RequestForm,
  change: (content: readonly Part[], error: boolean) => readonly Part[],
): RequestForm =>
  parts(form, (part) => {
    if (part.type !== "tool-result") return [part];
    return [{ ...part, content: change(part.content as readonly Part[], part.error === true) } as Part];
  });
const inResults = (form: RequestForm, change: (part: Part) => Part): RequestForm =>
  results(form, (content) => content.map(change));
const set = (form: RequestForm, change: (settings: Settings) => Settings): RequestForm => {
  const entries = Object.entries(change(form.settings)).filter(([, value]) => value !== undefined);
  return { ...form, settings: Object.fromEntries(entries) };
};

const NO_MARKS: Meaning = {
  why: "prefixes are cached without marks",
  of: (form) => parts(form, (part) => [part.type === "text" ? without(part, "cache") : part]),
};
const AUTO_DETAIL: Meaning = {
  why: "auto is the default",
  of: (form) => {
    const plain = (part: Part): Part =>
      part.type === "image" && part.detail === "auto" ? without(part, "detail") : part;
    return inResults(
      parts(form, (part) => [plain(part)]),
      plain,
    );
  },
};
const NAMED_FILES: Meaning = {
  why: "the API wants a name beside the bytes of a file",
  of: (form) => parts(form, (part) => [part.type === "file" && part.data !== undefined ? namedFile(part) : part]),
};
const OFF_IS_ABSENT: Meaning = {
  why: "a feature that is off is not asked for",
  of: (form) =>
    set(form, ({ promptCache, webSearch, ...rest }) => {
      return { ...rest, promptCache: promptCache || undefined, webSearch: webSearch || undefined };
    }),
};
/** Without tools nothing is chosen; on some wires a web search is one. */
const choiceNeeds = (names: readonly (keyof Settings)[]): Meaning => ({
  why: "without tools nothing is chosen",
  of: (form) =>
    set(form, (settings) => (names.some((name) => settings[name]) ? settings : { ...settings, toolChoice: undefined })),
});
const ALTERNATIVES_ARE_LOGPROBS: Meaning = {
  why: "alternatives are asked for with the probabilities",
  of: (form) =>
    set(form, (settings) =>
      settings.topLogprobs === undefined ? settings : { ...settings, logprobs: settings.logprobs ?? true },
    ),
};
const LOGPROBS_ARE_INCLUDED: Meaning = {
  why: "the wire includes the probabilities or says nothing",
  of: (form) =>
    set(form, ({ logprobs, ...rest }) => {
      return { ...rest, logprobs: logprobs === true || rest.topLogprobs !== undefined ? true : undefined };
    }),
};
const TEXT_IS_DEFAULT: Meaning = {
  why: "text is what an answer is without a format",
  of: (form) =>
    set(form, ({ responseFormat, ...rest }) => ({
      ...rest,
      responseFormat: responseFormat?.type === "text" ? undefined : responseFormat,
    })),
};
const STRICT_BY_DEFAULT: Meaning = {
  why: "a schema is enforced unless the caller says no, and what cannot be enforced is reported",
  of: (form) =>
    set(form, ({ responseFormat, ...rest }) => ({
      ...rest,
      responseFormat:
        responseFormat?.type === "json_schema"
          ? { ...responseFormat, strict: responseFormat.strict ?? true }
          : responseFormat,
    })),
};
const NAMELESS_SCHEMA: Meaning = {
  why: "the wire has a schema and nothing beside it: its description stands inside, and it is always enforced",
  of: (form) =>
    set(form, ({ responseFormat, ...rest }) => {
      if (responseFormat?.type !== "json_schema") return { ...rest, responseFormat };
      const { schema, description } = responseFormat;
      const described = { ...(description !== undefined && { description }), ...schema };
      return { ...rest, responseFormat: { type: "json_schema", name: "answer", schema: described } };
    }),
};
const PREDICTED_TEXT: Meaning = {
  why: "a string is short for the API's object",
  of: (form) =>
    set(form, ({ prediction, ...rest }) => ({
      ...rest,
      prediction: typeof prediction === "string" ? { type: "content", content: prediction } : prediction,
    })),
};
const CACHES_BY_ITSELF: Meaning = {
  why: "prefixes are cached without being asked for",
  of: (form) => set(form, ({ promptCache: _, ...rest }) => rest),
};
const KEYED_CACHE: Meaning = {
  why: "the key of the cache stands for all there is to set, and more is reported",
  of: (form) => set(form, ({ promptCache, ...rest }) => ({ ...rest, promptCache: promptCache && true })),
};
const FAILURE_IN_WORDS: Meaning = {
  why: "the wire has no field for the failure of a tool, so its text says it",
  of: (form) =>
    parts(form, (part) => {
      if (part.type !== "tool-result" || part.error !== true) return [part];
      const { error: _, ...rest } = part;
      return [{ ...rest, content: failed(part.content as readonly Part[]) as typeof rest.content }];
    }),
};
/** The kind of each call by its id. */
function kindsOf({ messages }: RequestForm): ReadonlyMap<string, ToolCallPart> {
  const all = messages.flatMap(({ content }) => content as readonly Part[]);
  return new Map(all.flatMap((part) => (part.type === "tool-call" ? [[part.id, part]] : [])));
}
const isText = ({ kind }: ToolCallPart): boolean => kind === "apply_patch" || kind === "shell";
const TEXT_RESULTS: Meaning = {
  why: "the results of patches and shells are one text",
  of: (form) => {
    const calls = kindsOf(form);
    return parts(form, (part) => {
      const call = part.type === "tool-result" ? calls.get(part.id) : undefined;
      if (part.type !== "tool-result" || call === undefined || !isText(call)) return [part];
      const texts = (part.content as readonly Part[]).flatMap((item) => (item.type === "text" ? [item.text] : []));
      return [{ ...part, content: [{ type: "text", text: texts.join("\n") }] }];
    });
  },
};
const NO_IMAGES_IN_TEXT: Meaning = {
  why: "the results of patches and shells have no images",
  reported: /^messages\[\d+\]$/,
  of: (form) => {
    const calls = kindsOf(form);
    return parts(form, (part) => {
      const call = part.type === "tool-result" ? calls.get(part.id) : undefined;
      if (part.type !== "tool-result" || call === undefined || !isText(call)) return [part];
      return [{ ...part, content: (part.content as readonly TextPart[]).filter(({ type }) => type === "text") }];
    });
  },
};
/** Patches and shells have a field for it; a local shell has not. */
const FAILURE_OF_FUNCTIONS: Meaning = {
  why: FAILURE_IN_WORDS.why,
  of: (form, asked, adjustments) => {
    const calls = kindsOf(form);
    return parts(form, (part) => {
      const call = part.type === "tool-result" ? calls.get(part.id) : undefined;
      if (part.type !== "tool-result" || (call !== undefined && isText(call) && call.name !== "local_shell"))
        return [part];
      const alone: RequestForm = { ...form, messages: [{ role: "tool", content: [part] }] };
      return FAILURE_IN_WORDS.of(alone, asked, adjustments).messages.flatMap(
        ({ content }) => content as readonly Part[],
      );
    });
  },
};
const LIMIT_IS_REQUIRED: Meaning = {
  why: "the API wants a limit, so the model's own is sent",
  of: (form) =>
    set(form, (settings) => ({ ...settings, maxNewTokens: settings.maxNewTokens ?? DEFAULT_LIMIT(settings) })),
};
const PARALLEL_BY_DEFAULT: Meaning = {
  why: "parallel calls are the default, and only their absence is said, beside the choice of a tool",
  of: (form) =>
    set(form, ({ parallelToolCalls, toolChoice, ...rest }) => {
      const single = parallelToolCalls === false && rest.tools !== undefined;
      return {
        ...rest,
        parallelToolCalls: single && toolChoice !== "none" ? false : undefined,
        toolChoice: toolChoice ?? (single ? "auto" : undefined),
      };
    }),
};
const MARKS_FOR_POINTS: Meaning = {
  why: "the points of a cached prefix are marks on what stands there; the other property compares them on the wire",
  both: true,
  of: (form, asked, adjustments) => {
    const isReported = adjustments.some(({ setting }) => setting === "prompt_cache");
    if (asked.promptCache === undefined && !isReported) return form;
    const unmarked = set(form, ({ promptCache: _, ...rest }) => rest);
    return NO_MARKS.of(unmarked, asked, adjustments);
  },
};
const LINES: Meaning = {
  why: "the result of a tool is one text, with a line for each of its own",
  of: (form) =>
    results(form, (content) => {
      const texts = content.flatMap((part) => (part.type === "text" ? [part.text] : []));
      const others = content.filter(({ type }) => type !== "text");
      return texts.length === 0 ? content : [{ type: "text", text: texts.join("\n") }, ...others];
    }),
};
const TYPED_ADDRESSES: Meaning = {
  why: "the API wants the media type of what an address leads to, which its ending tells",
  of: (form) => {
    const types = { image: "image/png", file: "application/pdf" } as const;
    const typed = (part: Part): Part => {
      if ((part.type !== "image" && part.type !== "file") || part.url === undefined) return part;
      return { ...part, mediaType: types[part.type] };
    };
    return inResults(
      parts(form, (part) => [typed(part)]),
      typed,
    );
  },
};

/** Instructions that stand in front of all that is said. */
const SYSTEM_IN_FRONT: Meaning = {
  why: "the wire takes instructions in front of the conversation",
  reported: /^messages\[\d+\]$/,
  of: (form) => {
    const isSystem = ({ role }: Message) => role === "system";
    const messages = [...form.messages.filter(isSystem), ...form.messages.filter((message) => !isSystem(message))];
    return { ...form, messages: joined(messages) };
  },
};
const NO_DETAIL: Meaning = {
  why: "the wire has no level of detail for one image",
  reported: /^messages\.image\.detail$/,
  of: (form) => {
    const plain = (part: Part): Part => (part.type === "image" ? without(part, "detail") : part);
    return inResults(
      parts(form, (part) => [plain(part)]),
      plain,
    );
  },
};
const NO_FILE_NAMES: Meaning = {
  why: "the wire has no names for files",
  reported: /^messages\.file\.filename$/,
  of: (form) => parts(form, (part) => [part.type === "file" ? without(part, "filename") : part]),
};
/** Images that cannot stand in a result are shown by the user behind all results. */
const imagesMoved = (isMoved: (image: ImagePart, result: ToolResultPart) => boolean): Meaning => ({
  why: "the image is shown in a user turn behind the results, with a caption",
  reported: /^messages\[\d+\]$/,
  of: (form) => {
    const messages = form.messages.flatMap((message): Message[] => {
      if (message.role !== "tool") return [message];
      const shown: ImagePart[] = [];
      const content = message.content.map((result): ToolResultPart => {
        const inner = result.content as readonly (TextPart | ImagePart)[];
        const moved = inner.filter((part): part is ImagePart => part.type === "image" && isMoved(part, result));
        shown.push(...moved);
        const left = inner.filter((part) => !(moved as readonly Part[]).includes(part));
        return { ...result, content: left.length > 0 ? left : [{ type: "text", text: IMAGE_FOLLOWS }] };
      });
      return [
        { role: "tool", content },
        { role: "user", content: shown },
      ];
    });
    return { ...form, messages: joined(messages.filter(({ content }) => content.length > 0)) };
  },
});
const NO_CAPTIONS: Meaning = {
  why: "a caption says which result an image belongs to, by an id that means nothing here",
  both: true,
  of: (form) =>
    parts(form, (part) => (part.type === "text" && /^Image in the result of .*:$/s.test(part.text) ? [] : [part])),
};
const JSON_IN_WORDS: Meaning = {
  why: "JSON without a schema is an instruction, which is reported as the format",
  both: true,
  of: (form, asked) =>
    asked.responseFormat?.type !== "json_object"
      ? form
      : parts(form, (part) =>
          part.type === "text" && part.text.startsWith("Answer with one JSON object") ? [] : [part],
        ),
};
const NO_NAMES_BY_URL: Meaning = {
  ...NO_FILE_NAMES,
  of: (form) =>
    parts(form, (part) => [part.type === "file" && part.url !== undefined ? without(part, "filename") : part]),
};
const DECLARED_FOR_THE_HISTORY: Meaning = {
  why: "tools that only the history has are declared, which is reported, and cannot be chosen",
  both: true,
  of: (form, { tools, webSearch }) =>
    tools !== undefined || webSearch ? form : set(form, ({ toolChoice: _, ...rest }) => rest),
};
/** Reasoning that its provider cannot read again. */
const leftBehind = (isRead: (part: ReasoningPart) => boolean): Meaning => ({
  why: "reasoning goes back only to the provider that signed it",
  reported: /^messages$/,
  of: (form) => parts(form, (part) => (part.type === "reasoning" && !isRead(part) ? [] : [part])),
});
const isOwn = ({ owner }: ReasoningPart) => owner !== undefined && owner !== "elsewhere";
const REASONING_IN_A_FIELD: Meaning = {
  why: "reasoning that does not say where it came from stands in the field of this host",
  of: (form) =>
    parts(form, (part) => {
      if (part.type !== "reasoning" || part.owner !== undefined) return [part];
      return [{ ...part, signature: "reasoning_content", owner: "openai" }];
    }),
};
const NO_LOGPROBS: Meaning = {
  why: "probabilities that are off are not asked for",
  of: (form) => set(form, ({ logprobs, ...rest }) => ({ ...rest, logprobs: logprobs || undefined })),
};

function namedFile(part: FilePart): FilePart {
  return { ...part, filename: fileName(part) };
}

function without<T extends object>(value: T, key: string): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as T;
}

/** What is sent where the model's limit is unknown: the answer's share, and the budget of thinking. */
const BUDGETS = { none: 0, minimal: 1024, low: 1024, medium: 4096, high: 16_384, xhigh: 32_000, max: 32_000 };
const DEFAULT_LIMIT = ({ reasoningEffort: effort }: Settings) =>
  4096 + (typeof effort === "string" ? BUDGETS[effort] : 0);

function failed(content: readonly Part[]): readonly Part[] {
  const [first, ...rest] = content;
  if (first?.type === "text") return [{ ...first, text: failedResult(first.text) }, ...rest];
  return [{ type: "text", text: "Error:" }, ...content];
}

export const MEANINGS: Readonly<Record<Wire, readonly Meaning[]>> = {
  openai: [
    ...[REASONING_IN_A_FIELD, leftBehind(isOwn)],
    ...[NO_MARKS, NAMED_FILES, imagesMoved(() => true), NO_CAPTIONS, LINES, FAILURE_IN_WORDS],
    ...[ALTERNATIVES_ARE_LOGPROBS, PREDICTED_TEXT, STRICT_BY_DEFAULT, KEYED_CACHE, OFF_IS_ABSENT],
    choiceNeeds(["tools"]),
  ],
  "openai-responses": [
    leftBehind(isOwn),
    ...[NO_MARKS, AUTO_DETAIL, NAMED_FILES, NO_NAMES_BY_URL, NO_IMAGES_IN_TEXT, TEXT_RESULTS, FAILURE_OF_FUNCTIONS],
    ...[LOGPROBS_ARE_INCLUDED, STRICT_BY_DEFAULT, KEYED_CACHE, OFF_IS_ABSENT],
    choiceNeeds(["tools", "webSearch"]),
  ],
  anthropic: [
    ...[AUTO_DETAIL, NO_DETAIL, MARKS_FOR_POINTS, imagesMoved((_, { error }) => error === true), NO_CAPTIONS],
    ...[leftBehind(isOwn), SYSTEM_IN_FRONT, JSON_IN_WORDS, NO_LOGPROBS, DECLARED_FOR_THE_HISTORY],
    ...[TEXT_IS_DEFAULT, NAMELESS_SCHEMA, LIMIT_IS_REQUIRED, PARALLEL_BY_DEFAULT, OFF_IS_ABSENT],
    choiceNeeds(["tools", "webSearch"]),
  ],
  google: [
    ...[NO_MARKS, AUTO_DETAIL, NO_DETAIL, NO_FILE_NAMES, SYSTEM_IN_FRONT, leftBehind(isOwn)],
    ...[imagesMoved(({ url }) => url !== undefined), NO_CAPTIONS, LINES, TYPED_ADDRESSES],
    ...[ALTERNATIVES_ARE_LOGPROBS, TEXT_IS_DEFAULT, NAMELESS_SCHEMA, CACHES_BY_ITSELF, OFF_IS_ABSENT],
    choiceNeeds(["tools"]),
  ],
};

/** What is to be read of a request, and what was read, in comparable forms. Throws where a change was not reported. */
export function compared(
  meant: RequestForm,
  got: RequestForm,
  adjustments: readonly Adjustment[],
  wire: Wire,
): readonly [RequestForm, RequestForm] {
  const { settings } = meant;
  const applied = (form: RequestForm, rows: readonly Meaning[]) =>
    rows.reduce((before, { of, reported, why }) => {
      const after = of(before, settings, adjustments);
      const silent = reported !== undefined && !adjustments.some(({ setting }) => reported.test(setting));
      if (silent && !isDeepStrictEqual(before, after)) throw new Error(`not reported: ${why}`);
      return after;
    }, form);
  return [
    applied(meant, MEANINGS[wire]),
    applied(
      got,
      MEANINGS[wire].filter(({ both }) => both === true),
    ),
  ];
}

/** The settings that a report is about. */
export function reportedSettings(adjustments: readonly Adjustment[]): ReadonlySet<string> {
  return new Set(adjustments.map(({ setting }) => setting.split(/[.[]/, 1)[0] ?? ""));
}

export function withoutSettings(settings: Settings, reported: ReadonlySet<string>): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !reported.has(keyOf(name)))) as Settings;
}
