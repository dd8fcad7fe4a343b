import { relative } from "node:path";
import pc from "picocolors";
import { folded } from "./folded.ts";
import type { Io, Output } from "./io.ts";
import { printable, printableColoured } from "./printable.ts";

export type Paint = ReturnType<typeof pc.createColors>;

/** Writes results to stdout and diagnostics to stderr, in colour only on a terminal. */
export class Printer {
  /** Colours for stdout. */
  readonly paint: Paint;
  /** Colours for stderr. */
  readonly notePaint: Paint;
  /** Width of the terminal. In a file or pipe, lines are not wrapped, unless COLUMNS is set. */
  readonly columns: number;
  readonly #io: Io;
  readonly #spinner: Spinner;
  readonly #hidden = new Set<string>();

  constructor(io: Io, colour: boolean | undefined) {
    this.#io = io;
    this.columns = Math.max(NARROWEST, io.isTTY ? io.columns : widthIn(io.env));
    this.paint = pc.createColors(colour ?? wantsColour(io, io.isTTY));
    this.notePaint = pc.createColors(colour ?? wantsColour(io, io.stderr.isTTY === true));
    this.#spinner = new Spinner(io.stderr, this.notePaint);
  }

  /** Writes trusted text of our own to stdout. */
  text(text: string): void {
    this.#write(printableColoured(text));
  }

  /** Writes a chunk of an answer: unchanged to a file or pipe, escaped on a terminal. */
  answer(text: string): void {
    this.#write(this.#io.isTTY ? printable(text) : text);
  }

  line(text = ""): void {
    this.text(`${text}\n`);
  }

  /** Writes lines, wrapped to the width of the terminal. */
  lines(all: readonly string[]): void {
    for (const line of all) for (const piece of folded(line, this.columns)) this.line(piece);
  }

  json(value: unknown): void {
    // The escapes are valid JSON and denote the same text.
    this.#write(`${printable(JSON.stringify(value, null, 2))}\n`);
  }

  #write(text: string): void {
    this.#spinner.stop();
    this.#io.stdout.write(text);
  }

  /** Writes a line to stderr. */
  note(text = ""): void {
    this.#spinner.stop();
    this.#io.stderr.write(`${printableColoured(text)}\n`);
  }

  /** Shows a spinner on a terminal until the next output. */
  busy(what: string): void {
    if (this.#io.stderr.isTTY === true && this.#io.env.TERM !== "dumb") this.#spinner.start(what);
  }

  idle(): void {
    this.#spinner.stop();
  }

  /** Columns without room, which `end` reports once. */
  hide(titles: readonly string[]): void {
    for (const title of titles) if (title !== "") this.#hidden.add(title);
  }

  end(): void {
    this.idle();
    if (this.#hidden.size === 0) return;
    const words = `columns hidden: ${[...this.#hidden].join(", ")}; widen the terminal or use --json`;
    for (const piece of folded(words, this.columns)) this.note(this.notePaint.dim(piece));
  }

  /** A path as the user would type it. */
  path(file: string): string {
    const near = relative(this.#io.cwd, file);
    return near === "" || near.startsWith("..") ? file : near;
  }
}

const NARROWEST = 40;

/** POSIX: an unset or invalid COLUMNS is ignored. */
function widthIn({ COLUMNS = "" }: Io["env"]): number {
  return /^[1-9]\d{0,4}$/.test(COLUMNS) ? Number(COLUMNS) : Number.POSITIVE_INFINITY;
}

function wantsColour({ env }: Io, isTerminal: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "")
    return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return isTerminal && env.TERM !== "dumb";
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 80;
const CLEAR_LINE = "\r\u001b[2K";

class Spinner {
  readonly #output: Output;
  readonly #paint: Paint;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output, paint: Paint) {
    this.#output = output;
    this.#paint = paint;
  }

  start(what: string): void {
    this.stop();
    let frame = 0;
    const draw = () => {
      this.#output.write(
        `${CLEAR_LINE}${this.#paint.cyan(FRAMES[frame % FRAMES.length] ?? "")} ${this.#paint.dim(what)}`,
      );
      frame += 1;
    };
    draw();
    this.#timer = setInterval(draw, FRAME_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#output.write(CLEAR_LINE);
  }
}
