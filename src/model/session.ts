import { bindMethods } from "../core/bind-methods.ts";
import { ANYTHING, COUNT, checkOptions, type OptionRules, TEXT } from "../core/check-options.ts";
import { ModelError } from "../core/error.ts";
import type { Input, OpenAIMessage } from "../core/input.ts";
import { readHistory, readInput } from "../core/input.ts";
import type { Message } from "../core/message.ts";
import type { Reply } from "../core/reply.ts";
import type { InferOutput, StandardSchema } from "../core/standard-schema.ts";
import { latestMessages } from "./message-window.ts";
import { type ObjectReply, type ObjectStream, streamObject } from "./object.ts";
import type { CallOptions } from "./options.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Opened } from "./reading.ts";
import { ModelStream } from "./stream.ts";

export interface SessionOptions {
  /**
   * Maximum number of messages to keep between calls, at least 1. Default: all. Complete turns are dropped, the oldest
   * first, so that the history starts with a user message. The last turn is kept even if it is longer. System messages are
   * always kept and not counted.
   */
  readonly memory?: number | undefined;
  /** A history to continue, for example `session.messages` of another model, or parsed from JSON. */
  readonly messages?: readonly Message[] | readonly OpenAIMessage[] | undefined;
  /** Instructions for every call of this session; they replace those of the entry. */
  readonly system?: string | undefined;
}

const RULES: OptionRules<SessionOptions> = {
  memory: { ...COUNT, is: `${COUNT.is} (omit it to keep everything)` },
  messages: ANYTHING,
  system: TEXT,
};

/** The calls of a session to its model. */
export interface SessionCalls<Options> {
  readonly model: string;
  codegen(input: readonly Message[], options: Options): Promise<Reply>;
  open(input: readonly Message[], options: Options): Opened;
  object<Schema extends StandardSchema>(
    schema: Schema,
    input: readonly Message[],
    options: Options,
  ): Promise<ObjectReply<InferOutput<Schema>>>;
}

/**
 * A conversation with a model that keeps its history. Only a successful call changes the history: after an error, an abort or
 * an abandoned stream, it contains neither the input nor the partial answer. A session runs one call at a time.
 */
export class Session<Options extends CallOptions = CallOptions> {
  readonly #calls: SessionCalls<Options>;
  readonly #memory: number;
  readonly #system: string | undefined;
  #messages: readonly Message[];
  #running: Turn | undefined;

  constructor(calls: SessionCalls<Options>, options: SessionOptions = {}) {
    checkOptions(options, RULES, `${calls.model}: session`);
    const { memory, messages, system } = options;
    this.#calls = calls;
    this.#memory = memory ?? Number.POSITIVE_INFINITY;
    this.#system = system;
    this.#messages = messages === undefined ? [] : latestMessages(readHistory(messages), this.#memory);
    bindMethods(this, Session);
  }

  /** The messages that the next call sends before its input. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /**
   * One complete answer to the history and `input`.
   * @throws ModelError like `model.codegen`; `invalid_request` while another call of this session runs.
   */
  async codegen(input: Input, options?: Options): Promise<Reply> {
    const turn = this.#begin(input);
    try {
      return turn.keep(await this.#calls.codegen(turn.asked, this.#with(options)));
    } finally {
      turn.end();
    }
  }

  /** Like codegen, but never throws for a failed call. */
  async safeCodegen(input: Input, options?: Options): Promise<Outcome> {
    return outcomeOf(this.#calls.model, () => this.codegen(input, options));
  }

  /** The same as a stream. The session is busy from the first read until the stream has ended or was closed. */
  stream(input: Input, options?: Options): ModelStream {
    return this.#stream(input, options, (turn, reply) => {
      turn.end();
      turn.keep(reply);
    });
  }

  /**
   * An answer to the history and `input` that satisfies `schema`. Of re-asks, the history keeps only the last answer.
   * @throws ModelError like `model.object`; `invalid_request` while another call of this session runs.
   */
  async object<Schema extends StandardSchema>(
    schema: Schema,
    input: Input,
    options?: Options,
  ): Promise<ObjectReply<InferOutput<Schema>>> {
    const turn = this.#begin(input);
    try {
      const answer = await this.#calls.object(schema, turn.asked, this.#with(options));
      turn.keep(answer.reply);
      return answer;
    } finally {
      turn.end();
    }
  }

  /** The object as it grows. The history changes only if the complete object satisfies `schema`. */
  streamObject<Schema extends StandardSchema>(
    schema: Schema,
    input: Input,
    options?: Options,
  ): ObjectStream<InferOutput<Schema>> {
    let turn: Turn | undefined;
    const stream = (_: Input, more?: CallOptions) =>
      this.#stream(input, more as Options, (ended) => {
        turn = ended;
        // Validates, also if the caller awaits only `reply`.
        void growing.object;
      });
    const growing = streamObject({ stream }, schema, input, options, (reply, isValid) => {
      turn?.end();
      if (isValid) turn?.keep(reply);
    });
    const replied = () => growing.reply;
    return {
      [Symbol.asyncIterator]: () => growing[Symbol.asyncIterator](),
      get object() {
        return growing.object;
      },
      get reply() {
        return growing.object.then(replied, replied);
      },
    };
  }

  /** Deletes all messages; the answer of a running call is not added either. */
  clear(): void {
    this.#messages = [];
  }

  /** The history; `model.session({ messages: JSON.parse(JSON.stringify(session)) })` continues it. */
  toJSON(): readonly Message[] {
    return this.#messages;
  }

  /** `complete` ends the turn, at once or later. */
  #stream(input: Input, options: Options | undefined, complete: (turn: Turn, reply: Reply) => void): ModelStream {
    return new ModelStream(() => {
      const turn = this.#begin(input);
      try {
        const opened = this.#calls.open(turn.asked, this.#with(options));
        return {
          ...opened,
          reply: () => {
            const reply = opened.reply();
            complete(turn, reply);
            return reply;
          },
          failure: (error) => {
            turn.end();
            return opened.failure(error);
          },
          cancel: (reason) => {
            turn.end();
            opened.cancel(reason);
          },
        };
      } catch (error) {
        turn.end();
        throw error;
      }
    });
  }

  #with(options: Options | undefined): Options {
    return { ...options, system: options?.system ?? this.#system } as Options;
  }

  #begin(input: Input): Turn {
    if (this.#running !== undefined)
      throw wrong(this.#calls.model, "this session has a call in progress; await it, or close its stream, first");
    const before = this.#messages;
    // Input that does not fit the history is rejected like any invalid input.
    const more = Array.isArray(input) && input.length > 0 ? (input as readonly Message[]) : readInput(input);
    const asked = readInput([...before, ...more]);
    const turn: Turn = {
      asked,
      keep: (reply) => {
        if (this.#messages === before) this.#messages = latestMessages([...asked, reply.message], this.#memory);
        return reply;
      },
      end: () => {
        if (this.#running === turn) this.#running = undefined;
      },
    };
    this.#running = turn;
    return turn;
  }
}

interface Turn {
  /** The history and the new input. */
  readonly asked: readonly Message[];
  /** Adds input and answer to the history, unless it was cleared in the meantime. */
  keep(reply: Reply): Reply;
  end(): void;
}

function wrong(model: string, words: string): ModelError {
  return new ModelError({ code: "invalid_request", message: `${model}: ${words}`, model });
}
