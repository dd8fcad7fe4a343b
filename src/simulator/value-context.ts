import type { Json } from "../dialects/served/json.ts";
import type { PromptWords } from "./prompt-words.ts";

export interface ValueContext {
  readonly root: Json | boolean;
  readonly words: PromptWords;
  readonly prefix: string;
  readonly random: () => number;
}
