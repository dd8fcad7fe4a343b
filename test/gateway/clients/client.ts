import type { Wire } from "../../harness/wires.ts";

/** A client library, and how its users write the same few things. */
export interface Client {
  text(model: string, prompt: string): Promise<Said>;
  stream(model: string, prompt: string, signal?: AbortSignal): AsyncIterable<string>;
  /** Calls the tools that the model asks for, until it answers. */
  loop(model: string, streamed: boolean): Promise<string>;
  object(model: string): Promise<unknown>;
  image(model: string): Promise<string>;
  /** Absent: the library has no embeddings. */
  embed?(model: string, texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  /** Absent: the library does not list models. */
  models?(): Promise<readonly string[]>;
}

export interface Said {
  readonly text: string;
  /** As the response names it; absent if the library does not show it. */
  readonly model?: string | undefined;
  readonly id?: string | undefined;
  readonly input: number | undefined;
}

/** Failures that programs react to. */
export const FAILURES = ["rate limit", "context overflow", "invalid key", "exhausted budget"] as const;

/** How a failure looks to a program. */
export interface Look {
  /** A class of the library. */
  readonly is: abstract new (
    ...values: never[]
  ) => Error;
  /** Fields that programs read. */
  readonly has: object;
}

export type Looks = Readonly<Record<(typeof FAILURES)[number], Look>>;

export interface ClientRow {
  readonly name: string;
  readonly wire: Wire;
  readonly at: (url: string) => Client;
  readonly looks: Looks;
  /** The upstreams whose opaque state comes back with the history. */
  readonly returns: readonly Wire[];
}

export const TOOL_NAMES = ["weather", "time"] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

export const CITY = {
  type: "object" as const,
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

export function runTool(name: string, { city }: { readonly city?: unknown }): string {
  return `${name} of ${city}`;
}

export const LOOP_PROMPT = "What are weather and time in Oslo?";

export const PERSON = {
  type: "object" as const,
  properties: { name: { type: "string" }, age: { type: "integer", minimum: 18, maximum: 99 } },
  required: ["name", "age"],
  additionalProperties: false,
};

export const PERSON_PROMPT = "A person, as JSON.";

/** A 1x1 picture. */
export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const IMAGE_PROMPT = "What is this?";
