// Runs one client in its own process, so that its measurements include its own garbage collection and compilation.
// node client.ts CLIENT WIRE SCENARIO ORIGIN; answers each message { work, inFlight, count } with { cpuUs } per unit.
import { PEERS, type PeerName } from "./peers.ts";
import { ANSWER_LENGTH, SCENARIOS, type ScenarioName, type Wire } from "./scenarios.ts";

/** Both methods resolve to the length of the answer's text. */
export interface Client {
  call(): Promise<number | undefined>;
  stream(): Promise<number | undefined>;
}

export type ClientName = "modelwright" | "SDK" | PeerName;

export interface Order {
  readonly work: keyof Client;
  readonly inFlight: number;
  readonly count: number;
}

export type Answer = { readonly cpuUs: number } | { readonly error: string };

// Each process loads the library it measures and no other.
async function connect(name: ClientName, wire: Wire, scenario: ScenarioName, origin: string): Promise<Client> {
  if (name === "modelwright") return (await import("./modelwright.ts")).modelwright(wire, origin, SCENARIOS[scenario]);
  if (name === "SDK") return (await import("./sdks.ts")).sdkOf(wire, origin, SCENARIOS[scenario]);
  return PEERS[name].connect(`${origin}/v1`, SCENARIOS[scenario]);
}

async function run(client: Client, { work, inFlight, count }: Order): Promise<Answer> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const length = await client[work]();
      if (length !== ANSWER_LENGTH) throw new Error(`the answer has ${length} characters instead of ${ANSWER_LENGTH}`);
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: inFlight }, worker));
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: (user + system) / count };
}

const answer = (promise: Promise<Answer>) =>
  promise.then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) } satisfies Answer),
  );

const [name, wire, scenario, origin] = process.argv.slice(2) as [ClientName, Wire, ScenarioName, string];
const connecting = connect(name, wire, scenario, origin);
// A rejection is reported by the first message.
connecting.catch(() => {});
process.on("message", (order: Order) => answer(connecting.then((client) => run(client, order))));
process.on("disconnect", () => process.exit());
