import { own } from "../core/own.ts";
import { nearest } from "../core/suggest.ts";
import type { Session } from "../index.ts";
import { showAnswer, showOutcome } from "./answer.ts";
import type { CliContext } from "./context.ts";
import { reportError } from "./error-report.ts";
import type { Project } from "./project.ts";
import { isSimulated, plural, spent } from "./wording.ts";

type LineResult = "exit" | "continue";

interface SlashCommand {
  readonly argument?: string;
  readonly meaning: string;
  readonly act: (chat: Conversation, argument: string) => LineResult | Promise<void> | undefined;
}

/** A chat with its model, history and slash commands. */
export class Conversation {
  /** Whether any line failed. */
  failed = false;
  readonly #project: Project;
  readonly #context: CliContext;
  #model: string;
  #session: Session;
  #system: string | undefined;
  #running: AbortController | undefined;

  constructor(project: Project, context: CliContext, model: string, system: string | undefined) {
    this.#project = project;
    this.#context = context;
    const first = project.factory.get(model);
    this.#model = first.name;
    this.#session = first.session();
    this.#system = system;
  }

  get heading(): string {
    const { provider, modelId } = this.#project.factory.describe(this.#model);
    return `${this.#model} · ${provider} · ${modelId}`;
  }

  /** Answers a line or runs its slash command. */
  async handle(line: string): Promise<LineResult> {
    const text = line.trim();
    if (text === "") return "continue";
    if (text.startsWith("/")) return this.#runCommand(text);
    await this.#answer(text);
    return "continue";
  }

  /** Aborts the running answer; false if there is none. */
  interrupt(): boolean {
    if (this.#running === undefined) return false;
    this.#running.abort();
    return true;
  }

  async switchTo(name: string): Promise<void> {
    try {
      if (name !== "") {
        const model = this.#project.factory.get(name);
        this.#session = model.session({ messages: this.#session.messages });
        this.#model = model.name;
      }
      this.#say(this.heading);
    } catch (error) {
      await this.#fail(error);
    }
  }

  list(): void {
    for (const name of this.#project.config.names) this.#say(`${name === this.#model ? "›" : " "} ${name}`);
  }

  clear(): void {
    this.#session.clear();
    this.#say("the history is empty");
  }

  instruct(text: string): void {
    if (text !== "") this.#system = text;
    this.#say(
      this.#system === undefined
        ? "no instructions for this chat; those of the entry apply"
        : `instructions: ${this.#system}`,
    );
  }

  showUsage(): void {
    const { factory } = this.#project;
    const { calls, usage, cost } = factory.usage();
    const input = usage.input + usage.cacheRead + usage.cacheWrite;
    const money = spent(cost.usd, isSimulated(Object.keys(factory.usage("provider"))));
    this.#say(`${plural(calls, "call")} · ${input} in, ${usage.output} out · ${money}`);
  }

  help(): void {
    for (const [word, { argument, meaning }] of Object.entries(COMMANDS))
      this.#say(`${`${word}${argument === undefined ? "" : ` ${argument}`}`.padEnd(14)}  ${meaning}`);
  }

  async #runCommand(text: string): Promise<LineResult> {
    const [word = "", ...rest] = text.split(/\s+/);
    const known = own(COMMANDS, word);
    if (known !== undefined) return (await known.act(this, rest.join(" "))) ?? "continue";
    const meant = nearest(word, Object.keys(COMMANDS));
    this.#say(`there is no ${word}${meant === undefined ? "; /help lists the commands" : `: did you mean ${meant}?`}`);
    return "continue";
  }

  async #answer(text: string): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    try {
      this.#context.print.busy(this.#model);
      await this.#ask(text, AbortSignal.any([running.signal, this.#context.signal]));
    } catch (error) {
      if (!running.signal.aborted) await this.#fail(error);
      else this.#say("stopped; the question and the answer are discarded");
    } finally {
      this.#running = undefined;
    }
  }

  async #ask(text: string, signal: AbortSignal): Promise<void> {
    const options = { signal, system: this.#system };
    if (this.#context.flags.json !== true) {
      const reply = await showAnswer(this.#session.stream(text, options), this.#context);
      showOutcome(reply, this.#model, this.#project.config, this.#context);
      return;
    }
    const { raw: _, ...reply } = await this.#session.codegen(text, options);
    this.#context.print.line(JSON.stringify(reply));
  }

  async #fail(error: unknown): Promise<void> {
    this.failed = true;
    await reportError(error, this.#context);
  }

  #say(text: string): void {
    this.#context.print.note(this.#context.print.notePaint.dim(text));
  }
}

const COMMANDS: Readonly<Record<string, SlashCommand>> = {
  "/model": {
    argument: "NAME",
    meaning: "switch to another model; the history is kept",
    act: (chat, name) => chat.switchTo(name),
  },
  "/models": { meaning: "list the models", act: (chat) => void chat.list() },
  "/system": {
    argument: "TEXT",
    meaning: "set the instructions for this chat",
    act: (chat, text) => void chat.instruct(text),
  },
  "/clear": { meaning: "clear the history", act: (chat) => void chat.clear() },
  "/usage": { meaning: "tokens and cost of this chat", act: (chat) => void chat.showUsage() },
  "/help": { meaning: "show this help", act: (chat) => void chat.help() },
  "/exit": { meaning: "exit", act: () => "exit" },
};
