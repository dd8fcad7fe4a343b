/** One command of a shell block. */
export interface Command {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What is shown below it, in a block that shows output. */
  readonly shown: readonly string[];
}

/** Commands of an ```sh block (a command a line), or of a ```console block (`$ ` before commands, output below). */
export function commandsOf(language: string, text: string): readonly Command[] {
  const commands: { line: string; shown: string[] }[] = [];
  for (const line of text.split("\n")) {
    const command = language === "console" ? (line.startsWith("$ ") ? line.slice(2) : undefined) : line;
    if (command !== undefined) commands.push({ line: command, shown: [] });
    else if (line.trim() !== "") commands.at(-1)?.shown.push(line.trim());
  }
  return commands
    .flatMap(({ line, shown }) => line.split("&&").map((part) => ({ ...commandOf(part), shown })))
    .filter(({ words }) => words.length > 0);
}

/** Of a pipeline the part that runs modelwright; what is redirected is printed instead. */
function commandOf(line: string): Omit<Command, "shown"> {
  const parts = piped(splitWords(line));
  const words = parts.find((part) => part.includes("modelwright")) ?? parts[0] ?? [];
  const firstWord = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const assignments = words.slice(0, Math.max(0, firstWord)).map((word) => word.split("=", 2) as [string, string]);
  const end = words.indexOf(">");
  return { env: Object.fromEntries(assignments), words: words.slice(firstWord, end < 0 ? undefined : end) };
}

function piped(words: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word === "|") parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}

function splitWords(line: string): string[] {
  const uncommented = line.replace(/(^|\s)#.*$/, "");
  return [...uncommented.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+?)="([^"]*)"|(\S+)/g)].map(
    ([, double, single, name, value, bare]) =>
      name !== undefined ? `${name}=${value}` : (double ?? single ?? bare ?? ""),
  );
}

/** Whether the shown lines appear in this order; `…` stands for anything, spaces do not count. */
export function showsIn(shown: readonly string[], output: string): string | undefined {
  const flat = squeeze(output);
  let from = 0;
  for (const piece of shown
    .flatMap((line) => line.split("…"))
    .map(squeeze)
    .filter((text) => text !== "")) {
    const at = flat.indexOf(piece, from);
    if (at < 0) return piece;
    from = at + piece.length;
  }
  return undefined;
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, "");
}
