import type { Call } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Target } from "../core/target.ts";
import type { Simulator, SimulatorOptions, WireName } from "../simulator/server.ts";

/** The provider "simulator" of one factory: a real HTTP server on loopback, started by the first request that needs it. */
export class EmbeddedSimulator {
  #starting: Promise<Simulator> | undefined;
  #started = false;
  readonly #wrapped = new Map<Dialect, Dialect>();
  readonly #located = new WeakMap<Target, Target>();

  /** Options count only for the call that starts it. */
  start(options?: SimulatorOptions): Promise<Simulator> {
    this.#starting ??= this.#start(options).catch((error: unknown) => {
      // Refused options: the next call may start it.
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

  /** The dialect with its requests sent to the simulator instead. */
  speaking(dialect: Dialect): Dialect {
    let wrapped = this.#wrapped.get(dialect);
    if (wrapped === undefined) {
      wrapped = this.#wrap(dialect);
      this.#wrapped.set(dialect, wrapped);
    }
    return wrapped;
  }

  #wrap(dialect: Dialect): Dialect {
    const locate = (call: Call) => this.#locate(call);
    const { countTokens: count, listModels: list } = dialect;
    return {
      ...dialect,
      load: () => (this.#started ? dialect.load?.() : Promise.all([this.start(), dialect.load?.()])),
      async *open(call) {
        yield* dialect.open(await locate(call));
      },
      ...(count !== undefined && { countTokens: async (call: Call) => count(await locate(call)) }),
      ...(list !== undefined && { listModels: async (call: Call) => list(await locate(call)) }),
    };
  }

  async #locate(call: Call): Promise<Call> {
    const simulator = await this.start();
    let target = this.#located.get(call.target);
    if (target === undefined) {
      const baseUrl = simulator.baseUrl(call.target.dialect as WireName);
      target = Object.freeze({ ...call.target, address: { ...call.target.address, baseUrl } });
      this.#located.set(call.target, target);
    }
    return { ...call, target };
  }
}
