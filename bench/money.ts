// CPU time of the calling thread per call with a scripted model: without and with a budget and a ledger, each in a process of its
// own. Counters are in memory. Rows are written by another thread, whose time does not count; building, keeping and sending
// them does.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { median } from "./measure.ts";
import { CALLS, MONEY_KINDS, type MoneyKind } from "./money-client.ts";

/** Afterwards, the compiler is done. */
const WARM_UP_CALLS = 100_000;
/** What the compiler did with the code differs from process to process. */
const SETS_OF_PROCESSES = 5;

/** The maximum of a budget and a ledger together, in microseconds per call. */
export const MONEY_TARGET_US = 8;

export interface MoneyCost {
  readonly with: MoneyKind;
  /** In microseconds per call: the median of the processes, of which each has the median of its rounds. */
  readonly cpuUs: number;
  /** Compared with the same round of a call with neither. */
  readonly addedUs: number;
  /** Of each process. */
  readonly allAddedUs: readonly number[];
}

export async function moneyCosts(rounds: number): Promise<readonly MoneyCost[]> {
  const sets: (readonly Timed[])[] = [];
  for (let set = 0; set < SETS_OF_PROCESSES; set++) sets.push(await timedSet(rounds));
  return KINDS.map((kind, index) => {
    const own = sets.map((set) => set[index] as Timed);
    const allAddedUs = own.map(({ addedUs }) => addedUs).sort((one, other) => one - other);
    return { with: kind, cpuUs: median(own.map(({ cpuUs }) => cpuUs)), addedUs: median(allAddedUs), allAddedUs };
  });
}

const KINDS = Object.keys(MONEY_KINDS) as MoneyKind[];

type Timed = Pick<MoneyCost, "cpuUs" | "addedUs">;

/** Of one process for each kind, in their order. */
async function timedSet(rounds: number): Promise<readonly Timed[]> {
  const path = fileURLToPath(new URL("money-client.ts", import.meta.url));
  const clients = KINDS.map((kind) => ({ process: fork(path, [kind]), timesUs: [] as number[] }));
  for (let round = -WARM_UP_CALLS / CALLS; round < rounds; round++)
    for (const { process, timesUs } of round % 2 === 0 ? clients : clients.toReversed()) {
      const tookUs = await timeOf(process);
      if (round >= 0) timesUs.push(tookUs);
    }
  for (const { process } of clients) process.disconnect();
  const base = clients[0]?.timesUs ?? [];
  return clients.map(({ timesUs }) => ({
    cpuUs: median(timesUs),
    addedUs: median(timesUs.map((us, round) => us - (base[round] ?? Number.NaN))),
  }));
}

async function timeOf(process: ChildProcess): Promise<number> {
  const answer = once(process, "message");
  process.send("round");
  const [us] = await answer;
  return Number(us);
}
