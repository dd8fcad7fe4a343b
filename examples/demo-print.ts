import Table from "cli-table3";
import type { Attempt, Reply } from "modelwright";
import pc from "picocolors";

const WIDTH = Math.min(process.stdout.columns ?? 100, 110);

export function heading(mark: string, text: string): void {
  console.log(`\n${pc.cyan(pc.bold(mark))} ${pc.bold(text)}`);
}

export function say(label: string, text: string): void {
  console.log(`  ${pc.dim(label)}  ${text}`);
}

export function attemptLine({ model, outcome, durationMs, startedMs, error }: Attempt): void {
  const verdict = outcome === "ok" ? pc.green("answered") : pc.yellow(`${error?.status ?? ""} ${error?.code ?? outcome}`.trim());
  console.log(`  ${pc.dim(`at ${ms(startedMs).padStart(7)}`)}  ${model.padEnd(7)} ${verdict} ${pc.dim(`(${ms(durationMs)})`)}`);
}

/** One line that fits the terminal. */
export function wrap(text: string): string {
  const room = WIDTH - 48;
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

export function scoreTable(replies: readonly Reply[]): void {
  const table = new Table({ head: ["answered by", "in", "out", "requests", "first token", "time"], colAligns: ["left", "right", "right", "right", "right", "right"], style: { head: [], border: pc.isColorSupported ? ["gray"] : [], compact: true } });
  for (const { model, usage, attempts, firstTokenMs, latencyMs } of replies) {
    table.push([model, usage.input, usage.output, attempts.length, firstTokenMs === undefined ? "" : ms(firstTokenMs), ms(latencyMs)]);
  }
  console.log(table.toString().replace(/^/gm, "  "));
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
