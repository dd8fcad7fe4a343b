import { COUNT, checkOptions, invalidOption, methods } from "../core/check-options.ts";
import { ModelError } from "../core/error.ts";
import { type Input, readInput } from "../core/input.ts";
import type { Message } from "../core/message.ts";
import { promptRoom } from "../core/prompt-room.ts";
import { leastTokens, trimmed } from "../core/trim.ts";
import { contextOf, type Model } from "./model.ts";

export interface TrimOptions {
  /** Without `maxTokens`, its context window minus its longest answer, and minus the instructions and tools of its entry. */
  readonly model?: Model;
  /** Estimated tokens that the result has at most. */
  readonly maxTokens?: number;
}

const RULES = { model: methods("a model", ["codegen", "countTokens"]), maxTokens: COUNT };

/**
 * The newest messages that fit, with all system messages. A tool call keeps its result, and the history begins with a user
 * message. Tokens are estimated as by `countTokens`.
 * @throws ModelError `context_too_long` if not even the system messages and the newest message fit.
 */
export function trimMessages(messages: Input, options: TrimOptions): readonly Message[] {
  checkOptions<TrimOptions>(options, RULES, "trimMessages");
  const history = readInput(messages);
  const limit = options.maxTokens ?? roomOf(options.model);
  const kept = trimmed(history, limit);
  if (kept !== undefined) return kept;
  throw new ModelError({
    code: "context_too_long",
    message: `trimMessages: the system messages and the newest message have about ${leastTokens(history)} tokens, the limit is ${limit}; shorten them or raise the limit`,
  });
}

function roomOf(model: TrimOptions["model"]): number {
  if (model === undefined) throw invalidOption("trimMessages: set maxTokens or model");
  const target = contextOf(model)?.target;
  const room = target === undefined ? undefined : promptRoom(target);
  if (room !== undefined) return room;
  throw invalidOption(
    `trimMessages: the context window of ${model.name} is unknown; set maxTokens, or capabilities.context of the entry`,
  );
}
