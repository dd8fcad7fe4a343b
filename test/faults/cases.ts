import { it } from "vitest";
import type { Wire } from "../harness/wires.ts";
import { HAS_CATALOGUE, rowOf } from "./catalogue.ts";
import type { Outcome, ScriptedRun } from "./expectation.ts";
import { EXPECTATIONS } from "./expected.ts";
import { PENDING } from "./pending.ts";
import { METHODS, type Method, type RunOptions } from "./run-script.ts";

/** One script over one wire by one method. */
export interface Case {
  readonly title: string;
  readonly id: string;
  /** `id#n`: the n-th run of the row. */
  readonly place: string;
  readonly run: ScriptedRun;
  readonly wire: Wire;
  readonly method: Method;
  readonly outcome: Outcome;
}

/** Rows of the catalogue are there only where it is. */
export const CASES: readonly Case[] = EXPECTATIONS.filter(({ id }) => HAS_CATALOGUE || id.startsWith("own-")).flatMap(
  ({ id, runs = [] }) => runs.flatMap((run, index) => casesOf(id, run, index)),
);

function casesOf(id: string, run: ScriptedRun, index: number): Case[] {
  const place = `${id}#${index + 1}`;
  return run.wires.flatMap((wire) =>
    METHODS.map((method) => ({
      title: `${place} over ${wire}, ${method}()`,
      id,
      place,
      run,
      wire,
      method,
      outcome: { ...run.both, ...run[method] },
    })),
  );
}

export function optionsOf({ id, run, wire, method }: Case): RunOptions {
  const { keys = "", speed = 1 } = run;
  return { server: { attempts: run.attempts ?? rowOf(id).wire.attempts ?? [] }, wire, method, keys, speed };
}

/** `it`; for a row that is known not to hold yet, a test that must fail until it leaves the list. */
export function testOf(...names: readonly string[]) {
  return names.some((name) => name in PENDING) ? it.fails : it;
}
