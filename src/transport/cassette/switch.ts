import type { Clock } from "../../core/clock.ts";
import type { Transport } from "../../core/transport.ts";
import { cassetteWriter, readCassette } from "./cassette-file.ts";
import type { Timing } from "./playback.ts";
import { recordingThrough } from "./recorder.ts";
import { replayOf } from "./replayer.ts";

export interface RecordSettings {
  readonly mode: "record" | "replay" | "passthrough";
  readonly file: string;
  readonly timing: Timing;
}

export interface SwitchOptions {
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

/** The transport of a factory, whose `[record]` table may change with a reload. Requests in flight keep theirs. */
export class RecordSwitch implements Transport {
  readonly #inner: Transport;
  readonly #options: SwitchOptions;
  #settings = "";
  #current: Transport;

  constructor(inner: Transport, options: SwitchOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#current = inner;
  }

  /**
   * The transport for these settings; `use` puts it into effect. Unchanged settings keep the position in a replay.
   * @throws ConfigError if the file cannot be written, or is not a recording.
   */
  prepare(settings: RecordSettings | undefined): { readonly use: () => void } {
    const written = JSON.stringify(settings ?? null);
    if (written === this.#settings) return { use: () => {} };
    const next = this.#transportFor(settings);
    const use = () => {
      this.#settings = written;
      this.#current = next;
    };
    return { use };
  }

  fetch: Transport["fetch"] = (url, init) => this.#current.fetch(url, init);

  load(): Promise<unknown> | undefined {
    return this.#current.load?.();
  }

  async close(): Promise<void> {
    await Promise.all([this.#current.close(), this.#inner.close()]);
  }

  #transportFor(settings: RecordSettings | undefined): Transport {
    if (settings === undefined || settings.mode === "passthrough") return this.#inner;
    const { mode, file, timing } = settings;
    const { clock, onFailure } = this.#options;
    if (mode === "replay") return replayOf(readCassette(file), { clock, timing, file });
    return recordingThrough(this.#inner, { clock, write: cassetteWriter(file), onFailure });
  }
}
