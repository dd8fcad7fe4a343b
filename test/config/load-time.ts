// node load-time.ts: prints the CPU time that loading 1,000 models takes, divided by that of the TOML parser and the schema alone.
import { parse as parseToml } from "smol-toml";
import { configSchema } from "../../src/config/schema.ts";
import { parse } from "../harness/parse-config.ts";

export const MANY_MODELS = Array.from(
  { length: 1_000 },
  (_, index) => `[models.model-${index}]
name = "gpt-4.1-mini-${index}"
provider = "openai"
api_key = "env:OPENAI_API_KEY"
base_url = "https://api.example.com/v1"
temperature = 0.2
max_new_tokens = 4096
max_input_tokens = 128000
stop = ["END", "STOP"]
num_retries = 3
retry_min_wait = 4
retry_max_wait = "10s"
timeout = "2m"
fallback_models = ["model-${(index + 1) % 1_000}", "model-${(index + 2) % 1_000}"]
extra_headers = { "X-Team" = "compilers" }
capabilities = { tools = true, vision = false }
`,
).join("\n");

/** CPU of this thread, milliseconds: other work on the machine is not what is measured. */
export function elapsed(run: () => unknown): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/** Afterwards, the compiler is done, which a busy machine delays. */
const WARM_UP_ROUNDS = 20;
const ROUNDS = 40;

function print(): void {
  // Sums: the fastest round may be one without garbage collection.
  let [bare, ours] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const times = [
      elapsed(() => configSchema.parse(parseToml(MANY_MODELS))),
      elapsed(() => parse(MANY_MODELS)),
    ] as const;
    if (round < WARM_UP_ROUNDS) continue;
    bare += times[0];
    ours += times[1];
  }
  console.log(ours / bare);
}

if (process.argv[1] === import.meta.filename) print();
