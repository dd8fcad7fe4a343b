import { bindMethods } from "../core/bind-methods.ts";
import { ANYTHING, COUNT, checkOptions, type OptionRules, TEXT } from "../core/check-options.ts";
import { ModelError } from "../core/error.ts";
import type { Input, OpenAIMessage } from "../core/input.ts";
import { readCallInput, readHistory } from "../core/input.ts";
import { refusePending } from "../core/media-source.ts";
import type { Message } from "../core/message.ts";
import type { ToolsInput } from "../core/option-values.ts";
import type { Reply } from "../core/reply.ts";
import type { InferOutput, StandardSchema } from "../core/standard-schema.ts";
import { collect } from "./call.ts";
import { latestMessages } from "./message-window.ts";
import { type ObjectReply, type ObjectStream, streamObject } from "./object.ts";
import type { CallOptions } from "./options.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Opened } from "./reading.ts";
import type { Run, RunFlowEvent, RunResult } from "./run.ts";
import type { RunOptions } from "./run-options.ts";
import { RunStream } from "./run-stream.ts";
import { ModelStream } from "./stream.ts";
import type { ToolCallOf, WithTools } from "./tool.ts";

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
  /** Reads blobs and local files. */
  read(input: readonly Message[], options: Options): Promise<readonly Message[]>;
  /** `open` with the messages, when they are read. */
  later(input: readonly Message[], options: Options, open: (messages: readonly Message[]) => Opened): Opened;
  codegen(input: readonly Message[], options: Options): Promise<Reply>;
  open(input: readonly Message[], options: Options): Opened;
  run(input: readonly Message[], options: RunOptions<Options, ToolsInput>, streaming: boolean): Run;
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
    this.#messages = messages === undefined ? [] : latestMessages(refusePending(readHistory(messages)), this.#memory);
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
  async codegen<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: Options & WithTools<Tools>,
  ): Promise<Reply<ToolCallOf<Tools>>> {
    const turn = this.#begin(readMore(input));
    try {
      turn.asked = await this.#calls.read(turn.asked, this.#with(options));
      const reply = await this.#calls.codegen(turn.asked, this.#with(options));
      turn.keep(reply.message);
      return reply as Reply<ToolCallOf<Tools>>;
    } finally {
      turn.end();
    }
  }

  /** Like codegen, but never throws for a failed call. */
  async safeCodegen<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: Options & WithTools<Tools>,
  ): Promise<Outcome<Reply<ToolCallOf<Tools>>>> {
    return outcomeOf(this.#calls.model, () => this.codegen<Tools>(input, options));
  }

  /** The same as a stream. The session is busy from the first read until the stream has ended or was closed. */
  stream<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: Options & WithTools<Tools>,
  ): ModelStream<ToolCallOf<Tools>> {
    return this.#stream(input, options, (turn, reply) => {
      turn.end();
      turn.keep(reply.message);
    }) as ModelStream<ToolCallOf<Tools>>;
  }

  /**
   * Runs tools like `model.run`. The history gets all messages of the run; it is not changed if the run fails, and
   * `error.run` has them. After "pending", the next input is a tool message with the results.
   */
  async run<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: RunOptions<Options, Tools, ToolCallOf<Tools>>,
  ): Promise<RunResult<ToolCallOf<Tools>>> {
    return collect(this.#openRun(input, options, false)) as Promise<RunResult<ToolCallOf<Tools>>>;
  }

  /** The same as a stream. */
  runStream<const Tools extends ToolsInput = ToolsInput>(
    input: Input,
    options?: RunOptions<Options, Tools, ToolCallOf<Tools>>,
  ): RunStream<ToolCallOf<Tools>> {
    return new RunStream(() => this.#openRun(input, options, true));
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
    const turn = this.#begin(readMore(input));
    try {
      turn.asked = await this.#calls.read(turn.asked, this.#with(options));
      const answer = await this.#calls.object(schema, turn.asked, this.#with(options));
      turn.keep(answer.reply.message);
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
      if (isValid) turn?.keep(reply.message);
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
      const turn = this.#begin(readMore(input));
      return inTurn(turn, () => this.#openLater(turn, this.#with(options)), complete);
    });
  }

  #openRun<Tools extends ToolsInput>(
    input: Input,
    given: RunOptions<Options, Tools, ToolCallOf<Tools>> | undefined,
    streaming: boolean,
  ): Opened<RunFlowEvent, RunResult> {
    const options = this.#with(given) as RunOptions<Options, ToolsInput>;
    const goesOn = options.approved !== undefined && Array.isArray(input) && input.length === 0;
    const turn = this.#begin(goesOn ? [] : readMore(input), goesOn);
    const complete = (ended: Turn, { messages }: RunResult) => {
      const { length } = ended.asked;
      ended.end();
      // The run has read its files.
      ended.asked = messages.slice(0, length);
      ended.keep(...messages.slice(length));
    };
    return inTurn(turn, () => this.#calls.run(turn.asked, options, streaming), complete);
  }

  /** A stream that starts when the files of its messages are read. */
  #openLater(turn: Turn, options: Options): Opened {
    return this.#calls.later(turn.asked, options, (messages) => {
      turn.asked = messages;
      return this.#calls.open(messages, options);
    });
  }

  #with(options: Options | undefined): Options {
    return { ...options, system: options?.system ?? this.#system } as Options;
  }

  /** `isOpen`: the conversation may end with tool calls that have no results yet. */
  #begin(more: readonly Message[], isOpen = false): Turn {
    if (this.#running !== undefined)
      throw wrong(this.#calls.model, "this session has a call in progress; await it, or close its stream, first");
    const before = this.#messages;
    const turn: Turn = {
      asked: isOpen ? before : readCallInput([...before, ...more]),
      keep: (...messages) => {
        if (this.#messages === before) this.#messages = latestMessages([...turn.asked, ...messages], this.#memory);
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
  /** The history and the new input, once its files are read. */
  asked: readonly Message[];
  /** Adds input and answer to the history, unless it was cleared in the meantime. */
  keep(...messages: readonly Message[]): void;
  end(): void;
}

/** Input that does not fit the history is rejected with it, like any invalid input. */
function readMore(input: Input): readonly Message[] {
  return Array.isArray(input) && input.length > 0 ? (input as readonly Message[]) : readCallInput(input);
}

/** What `open` returns, such that its end is the end of the turn. */
function inTurn<Event extends { readonly type: string }, Result>(
  turn: Turn,
  open: () => Opened<Event, Result>,
  complete: (turn: Turn, result: Result) => void,
): Opened<Event, Result> {
  try {
    const opened = open();
    return {
      events: opened.events,
      clock: opened.clock,
      note: (event) => opened.note(event),
      reply: () => {
        const result = opened.reply();
        complete(turn, result);
        return result;
      },
      failure: (error) => {
        turn.end();
        return opened.failure(error);
      },
      complete: () => opened.complete(),
      cancel: (reason) => {
        turn.end();
        opened.cancel(reason);
      },
      onCancel: (listener) => opened.onCancel(listener),
      pauseLimitMs: () => opened.pauseLimitMs(),
      pausedTooLong: () => opened.pausedTooLong(),
    };
  } catch (error) {
    turn.end();
    throw error;
  }
}

function wrong(model: string, words: string): ModelError {
  return new ModelError({ code: "invalid_request", message: `${model}: ${words}`, model });
}
