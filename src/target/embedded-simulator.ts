import type { Call } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Operation, RequestOperation } from "../core/operation.ts";
import type { Target } from "../core/target.ts";
import type { WireName } from "../core/wire-name.ts";
import type { Simulator, SimulatorOptions } from "../simulator/server.ts";

/** The provider "simulator" of one factory: an HTTP server on loopback, started by the first request that needs it. */
export class EmbeddedSimulator {
  #starting: Promise<Simulator> | undefined;
  #started = false;
  readonly #wrapped = new Map<Dialect, Dialect>();
  readonly #located = new WeakMap<Target, Target>();

  /** `options` apply only to the call that starts it. */
  start(options?: SimulatorOptions): Promise<Simulator> {
    this.#starting ??= this.#start(options).catch((error: unknown) => {
      // Invalid options: the next call may start it.
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #start(options: SimulatorOptions | undefined): Promise<Simulator> {
    const { startSimulator } = await import("../simulator/server.ts");
    const simulator = await startSimulator({ unref: true, ...options });
    this.#started = true;
    return simulator;
  }

  async close(): Promise<void> {
    const simulator = await this.#starting;
    await simulator?.close();
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
    const { embed, countTokens: count, listModels: list } = dialect;
    return {
      ...dialect,
      load: () => (this.#started ? dialect.load?.() : Promise.all([this.start(), dialect.load?.()])),
      async *open(call) {
        yield* dialect.open(await located(call));
      },
      ...(embed !== undefined && {
        async *embed(call: Call) {
          yield* embed(await located(call));
        },
      }),
      ...(count !== undefined && {
        countTokens: async (operation: RequestOperation) => count(await located(operation)),
      }),
      ...(list !== undefined && { listModels: async (operation: Operation) => list(await located(operation)) }),
    };
  }

  async #locate<Some extends Operation>(operation: Some): Promise<Some> {
    const simulator = await this.start();
    let target = this.#located.get(operation.target);
    if (target === undefined) {
      const baseUrl = simulator.baseUrl(operation.target.dialect as WireName);
      target = Object.freeze({ ...operation.target, address: { ...operation.target.address, baseUrl } });
      this.#located.set(operation.target, target);
    }
    return { ...operation, target };
  }
}
