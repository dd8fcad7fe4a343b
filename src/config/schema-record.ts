import * as z from "zod";
import { table, text } from "./schema-values.ts";

export const RECORD_MODES = ["record", "replay", "passthrough"] as const;
export const RECORD_TIMINGS = ["none", "recorded"] as const;

export const recordSection = table({
  mode: z.enum(RECORD_MODES).meta({
    description:
      "`record`: every exchange with a provider is appended to `file`; `replay`: requests are answered from `file`, without a network, and a request that was not recorded fails; `passthrough`: as without this table.",
    default: "passthrough",
    examples: ["record", "replay"],
  }),
  file: text().meta({
    description: "The recording: one JSON line for each exchange, readable only by its owner, without credentials.",
    examples: ["recordings/chat.jsonl"],
  }),
  timing: z.enum(RECORD_TIMINGS).meta({
    description: "`recorded`: a replay waits as long as the provider did; `none`: it does not wait.",
    default: "none",
    examples: ["recorded"],
  }),
}).meta({ description: "Records the exchanges with providers, or replays recorded ones." });
