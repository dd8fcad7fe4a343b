import type { Call } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import type { MockAnswer } from "../core/mock-answer.ts";
import type { Operation, RequestOperation } from "../core/operation.ts";
import type { Target } from "../core/target.ts";
import type { WireName } from "../core/wire-name.ts";
import type { BoundedSimulator, Simulator, SimulatorOptions } from "../simulator/server.ts";
import { mockScript } from "./mock-script.ts";

/** Requests that are kept as long as nobody has asked for the simulator. */
const UNREAD_REQUESTS = 1_000;

/** The provider "simulator" of one factory: an HTTP server on loopback, started by the first request that needs it. */
export class EmbeddedSimulator {
  #starting: Promise<BoundedSimulator> | undefined;
  #started = false;
  readonly #wrapped = new Map<Dialect, Dialect>();
  #located = new WeakMap<Target, Target>();
  /** The path of each `mock_response`: the targets of an entry, one for each wire format, have one script. */
  #mockPaths = new WeakMap<object, string>();
  /** How often each entry was given a path: a reload changes its answers. */
  readonly #paths = new Map<string, number>();

  /** For a reader of its requests: from now on all are kept. `options` apply only to the call that starts it. */
  async start(options?: SimulatorOptions): Promise<Simulator> {
    const { simulator, keepAll } = await this.#running(options);
    keepAll();
    return simulator;
  }

  #running(options?: SimulatorOptions): Promise<BoundedSimulator> {
    this.#starting ??= this.#start(options).catch((error: unknown) => {
      // Invalid options: the next call may start it.
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #start(options: SimulatorOptions | undefined): Promise<BoundedSimulator> {
    const { startBounded } = await import("../simulator/server.ts");
    const bounded = await startBounded({ unref: true, ...options }, UNREAD_REQUESTS);
    const { simulator } = bounded;
    this.#started = true;
    Object.defineProperty(simulator, "reset", { value: this.#resetting(simulator.reset) });
    return bounded;
  }

  /** Deletes the answers of `mock_response` too, which are then scripted anew. */
  #resetting(reset: () => void): () => void {
    return () => {
      reset();
      this.#located = new WeakMap();
      this.#mockPaths = new WeakMap();
      this.#paths.clear();
    };
  }

  async close(): Promise<void> {
    await (await this.#starting)?.simulator.close();
  }

  /** The dialect, with its requests sent to the simulator. */
  speaking(dialect: Dialect): Dialect {
    let wrapped = this.#wrapped.get(dialect);
    if (wrapped === undefined) {
      wrapped = this.#wrap(dialect);
      this.#wrapped.set(dialect, wrapped);
    }
    return wrapped;
  }

  #wrap(dialect: Dialect): Dialect {
    const located = <Some extends Operation>(operation: Some) => this.#locate(operation);
    // Only calls take answers of `mock_response`.
    const unscripted = <Some extends Operation>(operation: Some) =>
      this.#locate({ ...operation, target: withoutMock(operation.target) });
    const { embed, countTokens: count, listModels: list } = dialect;
    return {
      ...dialect,
      load: () => (this.#started ? dialect.load?.() : Promise.all([this.#running(), dialect.load?.()])),
      async *open(call) {
        yield* dialect.open(await located(call));
      },
      ...(embed !== undefined && {
        async *embed(call: Call) {
          yield* embed(await located(call));
        },
      }),
      ...(count !== undefined && {
        countTokens: async (operation: RequestOperation) => count(await unscripted(operation)),
      }),
      ...(list !== undefined && { listModels: async (operation: Operation) => list(await unscripted(operation)) }),
    };
  }

  async #locate<Some extends Operation>(operation: Some): Promise<Some> {
    const { simulator } = await this.#running();
    let target = this.#located.get(operation.target);
    if (target === undefined) {
      target = this.#at(simulator, operation.target);
      this.#located.set(operation.target, target);
    }
    return { ...operation, target };
  }

  #at(simulator: Simulator, target: Target): Target {
    const { mock, dialect, address } = target;
    const path = mock === undefined ? "" : this.#mockPath(simulator, target.entry, mock);
    const baseUrl = simulator.baseUrl(dialect as WireName).replace(simulator.url, simulator.url + path);
    return Object.freeze({ ...target, address: { ...address, baseUrl } });
  }

  /** The path by which the simulator finds the answers. It is the same in each process, for cassettes. */
  #mockPath(simulator: Simulator, entry: string, mock: readonly MockAnswer[]): string {
    let path = this.#mockPaths.get(mock);
    if (path === undefined) {
      const count = this.#paths.get(entry) ?? 0;
      this.#paths.set(entry, count + 1);
      const name = encodeURIComponent(entry).replaceAll("~", "%7E");
      path = `/mock/${name}${count === 0 ? "" : `~${count}`}`;
      simulator.script(...mockScript(mock, `${path}/`));
      this.#mockPaths.set(mock, path);
    }
    return path;
  }
}

const UNMOCKED = new WeakMap<Target, Target>();

/** The target with generated answers, always the same object for one target. */
function withoutMock(target: Target): Target {
  if (target.mock === undefined) return target;
  let unmocked = UNMOCKED.get(target);
  if (unmocked === undefined) {
    unmocked = Object.freeze({ ...target, mock: undefined });
    UNMOCKED.set(target, unmocked);
  }
  return unmocked;
}
