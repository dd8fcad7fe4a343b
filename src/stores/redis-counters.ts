import type { Clock } from "../core/clock.ts";
import type {
  AdmitRequest,
  BudgetClaim,
  Claim,
  CounterStore,
  Grant,
  Level,
  MemberLevel,
  Refusal,
  RefusalReason,
  Settled,
  SettledClaim,
  Settlement,
} from "../core/store.ts";
import { MAX_LIMIT } from "../core/store.ts";
import { Abandoned } from "./abandoned.ts";
import { overrunOf } from "./claim-rules.ts";
import { RedisConnection } from "./redis-connection.ts";
import { type RedisScripts, redisScripts } from "./redis-scripts.ts";

export interface RedisOptions {
  readonly url: string;
  readonly prefix: string;
  readonly timeoutMs: number;
}

/** Counters in Redis or Valkey, for all processes of all machines. Each operation is one script, and one round trip. */
export class RedisCounters implements CounterStore {
  /** Braces: a cluster keeps all keys with the same tag together. */
  readonly #prefix: string;
  readonly #connection: RedisConnection;
  readonly #scripts: RedisScripts;
  readonly #abandoned = new Abandoned((settlement) => this.#settle(settlement, "abandoned"));

  constructor({ url, prefix, timeoutMs }: RedisOptions, clock: Clock, scripts: RedisScripts = redisScripts()) {
    this.#prefix = `{${prefix}}`;
    this.#scripts = scripts;
    this.#connection = new RedisConnection({ url, timeoutMs }, clock, () => void this.#abandoned.settle());
  }

  async admit(request: AdmitRequest): Promise<Grant | Refusal> {
    const { id, owner, leaseMs, claims, probe } = request;
    const args = [id, owner, String(leaseMs), probe ? "1" : "0", ...claims.flatMap(admittedArgs)];
    const abandon = () => this.#abandoned.add(request);
    const reply = await this.#connection.run(this.#scripts.admit, this.#prefix, args, abandon);
    return readAdmission(reply as Reply);
  }

  async settle(settlement: Settlement): Promise<Settled> {
    const spent = await this.#settle(settlement, "settled");
    const budgets = settlement.claims.filter(isBudget);
    return { overruns: spent.map((text, index) => overrunIn(BigInt(text), budgets[index])) };
  }

  async #settle({ id, claims }: Settlement, state: "settled" | "abandoned"): Promise<readonly string[]> {
    const args = [id, state, ...claims.flatMap(settledArgs)];
    return (await this.#connection.run(this.#scripts.settle, this.#prefix, args)) as readonly string[];
  }

  async renew(owner: string, leaseMs: number): Promise<void> {
    await this.#connection.run(this.#scripts.renew, this.#prefix, [owner, String(leaseMs)]);
  }

  async pause(counter: string, forMs: number): Promise<void> {
    await this.#connection.run(this.#scripts.pause, this.#prefix, [counter, String(Math.ceil(forMs))]);
  }

  async levels(family: string): Promise<readonly MemberLevel[]> {
    let reply: unknown = null;
    while (reply === null) reply = await this.#connection.run(this.#scripts.levels, this.#prefix, [family]);
    return readLevels(reply as readonly string[]);
  }

  async close(): Promise<void> {
    await this.#abandoned.settle();
    await this.#connection.close();
  }
}

type Reply = readonly [isGranted: 0 | 1, nowMs: string, ...rest: readonly (string | number)[]];

function readAdmission([isGranted, nowMs, ...rest]: Reply): Grant | Refusal {
  if (isGranted === 0) return readRefusal(Number(nowMs), rest as unknown as RefusalReply);
  const levels: Level[] = [];
  for (let at = 0; at < rest.length; at += 2) levels.push(levelOf(rest[at], rest[at + 1]));
  return { ok: true, nowMs: Number(nowMs), levels };
}

type RefusalReply = readonly [refused: number, reason: RefusalReason, wait: string, spent: string, reserved: string];

function readRefusal(nowMs: number, [refused, reason, wait, spent, reserved]: RefusalReply): Refusal {
  return {
    ...{ ok: false, nowMs, refused, reason },
    ...(wait !== "" && { waitMs: wait === "inf" ? Number.POSITIVE_INFINITY : Number(wait) }),
    ...(spent !== "" && { level: levelOf(spent, reserved) }),
  };
}

function readLevels(reply: readonly string[]): readonly MemberLevel[] {
  const fields = new Map<string, string>();
  for (let at = 0; at < reply.length; at += 2) fields.set(reply[at] ?? "", reply[at + 1] ?? "0");
  return [...fields.keys()]
    .filter((field) => field.startsWith("s"))
    .map((field) => {
      const member = field.slice(1);
      return { member, ...levelOf(fields.get(field), fields.get(`r${member}`)) };
    });
}

function levelOf(spent: string | number = 0, reserved: string | number = 0): Level {
  return { spent: BigInt(spent), reserved: BigInt(reserved) };
}

function admittedArgs(claim: Claim): string[] {
  switch (claim.kind) {
    case "budget": {
      const { kind, family, member, startsMs, endsMs, limit, amount, maxMembers, seed } = claim;
      const seedText = seed === undefined ? "" : integer(seed);
      const span = [String(Math.max(0, startsMs)), endText(endsMs)];
      return [kind, family, member, ...span, integer(limit), integer(amount), String(maxMembers), seedText];
    }
    case "rate":
      return [claim.kind, claim.counter, String(claim.limit), String(claim.perMs), String(claim.amount)];
    case "slot":
      return [claim.kind, claim.counter, String(claim.limit)];
    case "pause":
      return [claim.kind, claim.counter];
  }
}

function settledArgs({ claim, used }: SettledClaim): string[] {
  switch (claim.kind) {
    case "budget":
      return [claim.kind, claim.family, claim.member, endText(claim.endsMs), integer(used)];
    case "rate": {
      const { kind, counter, limit, perMs, amount } = claim;
      return [kind, counter, String(limit), String(perMs), String(used), String(amount)];
    }
    case "slot":
      return [claim.kind, claim.counter];
    case "pause":
      return [claim.kind];
  }
}

/** A total budget has no end. */
function endText(endsMs: number): string {
  return Number.isFinite(endsMs) ? String(endsMs) : "";
}

/** Larger amounts exceed every limit too, and sums of them fit into 64 bits. */
function integer(amount: bigint): string {
  return String(amount > TOO_MUCH ? TOO_MUCH : amount);
}
const TOO_MUCH = MAX_LIMIT + 1n;

interface BudgetSettled extends SettledClaim {
  readonly claim: BudgetClaim;
}

function isBudget(settled: SettledClaim): settled is BudgetSettled {
  return settled.claim.kind === "budget";
}

function overrunIn(spent: bigint, settled: BudgetSettled | undefined): bigint {
  return settled === undefined ? 0n : overrunOf(spent, settled.claim.limit, settled.used);
}
