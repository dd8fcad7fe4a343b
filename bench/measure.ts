// Runs each client against the upstream in a separate process.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Answer, ClientName, Order } from "./client.ts";
import { type ScenarioName, type Wire, WORDS } from "./scenarios.ts";

export interface Plan {
  readonly wire: Wire;
  readonly scenario: ScenarioName;
  /** The last one is the baseline. */
  readonly clients: readonly ClientName[];
  readonly rounds: number;
  /** The measurements of one process; `warmUp` is the uncounted part before. */
  readonly columns: readonly (Order & { readonly warmUp: number })[];
}

export interface Measured {
  readonly client: ClientName;
  /** Median CPU time of a call or of a delta, in microseconds. */
  readonly cpuUs: number;
  /** Median of the rounds' ratios to the last client. */
  readonly ratio: number;
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((left, right) => left - right)[numbers.length >> 1] ?? Number.NaN;

class Process {
  readonly #child: ChildProcess;

  constructor(file: string, ...args: readonly string[]) {
    // Ignores the console, where SDKs warn about models. Flags of a test runner are not inherited.
    const stdio = ["ignore", "ignore", "ignore", "ipc"] as const;
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: [...stdio], execArgv: [] });
  }

  async answer<T>(): Promise<T> {
    const ended = new AbortController();
    const { signal } = ended;
    try {
      const exit = once(this.#child, "exit", { signal }).then(([code]) => {
        throw new Error(`the process ended with ${code}`);
      });
      const [message] = (await Promise.race([once(this.#child, "message", { signal }), exit])) as [T];
      return message;
    } finally {
      ended.abort();
    }
  }

  async ask(order: Order): Promise<number> {
    this.#child.send(order);
    const answer = await this.answer<Answer>();
    if ("error" in answer) throw new Error(answer.error);
    return answer.cpuUs;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill();
    await exit;
  }
}

export class Upstream implements AsyncDisposable {
  readonly #process: Process;
  readonly #origin: string;

  private constructor(process: Process, origin: string) {
    this.#process = process;
    this.#origin = origin;
  }

  static async start(): Promise<Upstream> {
    const process = new Process("./upstream.ts");
    const { port } = await process.answer<{ port: number }>();
    return new Upstream(process, `http://127.0.0.1:${port}`);
  }

  /** One array per column, in the order of the clients. */
  async measure({ wire, scenario, clients, rounds, columns }: Plan): Promise<Measured[][]> {
    const running = clients.map((client) => ({
      client,
      process: new Process("./client.ts", client, wire, scenario, this.#origin),
    }));
    try {
      const measured: Measured[][] = [];
      for (const { warmUp, ...order } of columns) {
        await Promise.all(
          running.map(({ client, process }) =>
            process.ask({ ...order, count: warmUp }).catch((error: Error) => {
              throw new Error(`${client}, ${wire}, ${order.work}: ${error.message}`);
            }),
          ),
        );
        const times = running.map((): number[] => []);
        for (let round = 0; round < rounds; round++) {
          const turn = running.map(({ process }, index) => ({ process, index }));
          for (const { process, index } of round % 2 === 0 ? turn : turn.reverse())
            times[index]?.push(await process.ask(order));
        }
        const per = order.work === "stream" ? WORDS : 1;
        const reference = times.at(-1) ?? [];
        measured.push(
          running.map(({ client }, index) => {
            const own = times[index] ?? [];
            const ratios = own.map((time, round) => time / (reference[round] ?? Number.NaN));
            return { client, cpuUs: median(own) / per, ratio: median(ratios) };
          }),
        );
      }
      return measured;
    } finally {
      await Promise.all(running.map(({ process }) => process.end()));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.end();
  }
}
