import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";

/** The grants of a budget, as its store made them. Amounts in nano-USD. */
export interface Grants {
  readonly count: number;
  /** The largest spent + reserved directly after a grant. */
  readonly peak: number;
  /** Grants after which spent + reserved exceeded the limit. */
  readonly misfits: number;
}

/** Sees every grant, because it sees every change of the counter. */
export interface GrantWatch {
  read(): Promise<Grants>;
  close(): Promise<void>;
}

/** Counters of the budget `all`. */
const FAMILY = '["all"';

/** Triggers, which run in the transaction of the grant. */
export function watchSqlite(path: string, limit: number): GrantWatch {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  const onGrant = (event: string, reserved: string) => `
    CREATE TRIGGER grants_by_${event} AFTER ${event} ON counter
    WHEN new.family LIKE '${FAMILY}%' AND new.reserved > ${reserved} BEGIN
      UPDATE grants SET count = count + 1, peak = max(peak, new.spent + new.reserved),
        misfits = misfits + (new.spent + new.reserved > ${limit});
    END;`;
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE grants (count INTEGER, peak INTEGER, misfits INTEGER);
    INSERT INTO grants VALUES (0, 0, 0);
    ${onGrant("INSERT", "0")} ${onGrant("UPDATE", "old.reserved")}
    COMMIT`);
  return {
    read: async () => ({ ...database.prepare("SELECT * FROM grants").get() }) as unknown as Grants,
    close: async () => database.close(),
  };
}

/** MONITOR reports the commands of scripts in their order. */
export async function watchRedis(url: string, limit: number): Promise<GrantWatch> {
  const client = new Redis(url);
  const monitor = await client.monitor();
  const counter = { spent: 0, reserved: 0 };
  const seen = { count: 0, peak: 0, misfits: 0 };
  const change = (field: string, next: (before: number) => number) => {
    const name = field === "s" ? "spent" : "reserved";
    const before = counter[name];
    counter[name] = next(before);
    if (name === "spent" || counter.reserved <= before) return;
    const level = counter.spent + counter.reserved;
    seen.count++;
    seen.peak = Math.max(seen.peak, level);
    if (level > limit) seen.misfits++;
  };
  monitor.on("monitor", (_time: string, [command = "", key = "", ...fields]: string[], source: string) => {
    if (source !== "lua" || !key.includes(`:c:${FAMILY}`)) return;
    if (command.toUpperCase() === "HINCRBY") change(fields[0] ?? "", (before) => before + Number(fields[1]));
    if (command.toUpperCase() === "HSET")
      for (let at = 0; at < fields.length; at += 2) change(fields[at] ?? "", () => Number(fields[at + 1]));
  });
  return {
    async read() {
      // Everything that was sent before this answer has been seen.
      const mark = `read ${seen.count}`;
      const isSeen = new Promise<void>((resolve) => {
        monitor.on("monitor", (_time: string, [, text]: string[]) => text === mark && resolve());
      });
      await client.echo(mark);
      await isSeen;
      return { ...seen };
    },
    async close() {
      monitor.disconnect();
      client.disconnect();
    },
  };
}
