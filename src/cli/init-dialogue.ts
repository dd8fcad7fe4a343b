import { type CliContext, Exit } from "./context.ts";
import { factsAbout, modelsFor, type Starter } from "./starters.ts";

type Clack = typeof import("@clack/prompts");

/** The content of a new models.toml. */
export interface Choice {
  readonly entries: readonly Starter[];
  /** Absent without entries. */
  readonly defaultModel?: string;
}

/**
 * The interactive questions of `init`; all have a sensible default.
 * @throws Exit when the user cancels, before anything is written.
 */
export class InitDialogue {
  readonly #clack: Clack;
  readonly #streams: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream };

  private constructor(clack: Clack, { io }: CliContext) {
    this.#clack = clack;
    this.#streams = { input: io.stdin as NodeJS.ReadStream, output: io.stdout as NodeJS.WriteStream };
  }

  static async open(context: CliContext): Promise<InitDialogue> {
    const dialogue = new InitDialogue(await import("@clack/prompts"), context);
    dialogue.#clack.intro("A models.toml for this folder", dialogue.#streams);
    return dialogue;
  }

  async mayOverwrite(file: string): Promise<void> {
    const message = `${file} already exists. Overwrite it?`;
    const isWanted = await this.#answer(this.#clack.confirm({ ...this.#streams, message, initialValue: false }));
    if (!isWanted) this.#leave();
  }

  async choose(starters: readonly Starter[]): Promise<Choice> {
    const picked = await this.#providers(starters);
    const [first, ...others] = picked;
    if (first === undefined) return { entries: [] };
    const entries = await this.#models(picked);
    return { entries, defaultModel: others.length === 0 ? first.entry : await this.#default(entries) };
  }

  close(message: string): void {
    this.#clack.outro(message, this.#streams);
  }

  async #providers(starters: readonly Starter[]): Promise<readonly Starter[]> {
    const ready = starters.filter(({ isReady }) => isReady);
    const message =
      ready.length === 0
        ? "No API key was found. Which providers will you use? With none, the simulator answers."
        : "Which providers do you use? Providers with a key are selected.";
    const options = starters.map((starter) => ({
      value: starter.entry,
      label: `${starter.label} · ${starter.model}`,
      hint: hintOf(starter),
    }));
    const initialValues = ready.map(({ entry }) => entry);
    const question = { ...this.#streams, message, options, initialValues, required: false };
    const entries = await this.#answer(this.#clack.multiselect(question));
    return starters.filter(({ entry }) => entries.includes(entry));
  }

  async #models(picked: readonly Starter[]): Promise<readonly Starter[]> {
    if (picked.length > 1) {
      const message = `Use ${new Intl.ListFormat("en").format(picked.map(({ model }) => model))}?`;
      const question = { ...this.#streams, message, active: "Yes", inactive: "Let me choose", initialValue: true };
      if (await this.#answer(this.#clack.confirm(question))) return picked;
    }
    const entries: Starter[] = [];
    for (const starter of picked) entries.push({ ...starter, model: await this.#model(starter) });
    return entries;
  }

  async #model(starter: Starter): Promise<string> {
    const options = modelsFor(starter).map((model) => {
      const hint = factsAbout(model);
      return { value: model, label: model, ...(hint !== undefined && { hint }) };
    });
    const message = `Which model of ${starter.label}?`;
    const another = { value: "", label: "another model" };
    const question = { ...this.#streams, message, options: [...options, another] };
    const model = await this.#answer(this.#clack.select(question));
    if (model !== "") return model;
    const validate = (text: string | undefined) => (text?.trim() ? undefined : "Enter the model id.");
    const asked = { ...this.#streams, message: `Model id at ${starter.label}:`, placeholder: starter.model, validate };
    return (await this.#answer(this.#clack.text(asked))).trim();
  }

  async #default(entries: readonly Starter[]): Promise<string> {
    const message = "Which model is the default? The others are its fallbacks.";
    const options = entries.map(({ entry, model }) => ({ value: entry, label: entry, hint: model }));
    return this.#answer(this.#clack.select({ ...this.#streams, message, options }));
  }

  async #answer<T>(asked: Promise<T>): Promise<Exclude<T, symbol>> {
    const answer = await asked;
    if (this.#clack.isCancel(answer)) this.#leave();
    return answer as Exclude<T, symbol>;
  }

  #leave(): never {
    this.#clack.cancel("Nothing was written.", this.#streams);
    throw new Exit(1);
  }
}

function hintOf({ variable, isReady }: Starter): string {
  if (variable === undefined) return "on this machine, no key";
  return isReady ? variable : `${variable} is not set yet`;
}
