import type { ModelFactory } from "../index.ts";

/** A factory, whatever names it has. */
export type ServedFactory = Pick<ModelFactory<Record<never, never>>, "describe" | "list" | "close">;
