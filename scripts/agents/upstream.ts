import type { SimulatedAnswer, SimulatedRequest, SimulatedTool, Simulator } from "../../src/simulator/server.ts";
import { startSimulator } from "../../src/simulator/server.ts";

/** What the files contain that an agent reads. */
const SECRET = /secret-\w+/g;

/**
 * A model that runs the command in backquotes of the last prompt with the agent's own shell, and answers with all
 * secrets that it has seen in results.
 */
export function startUpstream(): Promise<Simulator> {
  return startSimulator({ answers });
}

function answers(request: SimulatedRequest): SimulatedAnswer | undefined {
  const shell = request.tools.map(commandField).find((found) => found !== undefined);
  if (shell === undefined) return undefined;
  const { turns } = request;
  const asked = turns.findLastIndex(({ role, text }) => role === "user" && commandIn(text) !== undefined);
  const command = commandIn(turns[asked]?.text ?? "");
  if (command === undefined) return undefined;
  const isDone = turns.slice(asked).some(({ results }) => results.length > 0);
  if (!isDone)
    return { reasoning: "I need the file.", toolCalls: [{ name: shell.name, arguments: shell.call(command) }] };
  const found = turns.flatMap(({ results }) => results.flatMap(({ text }) => text.match(SECRET) ?? []));
  return { reasoning: "I have read it.", text: `Found: ${[...new Set(found)].join(" and ")}.` };
}

function commandIn(text: string): string | undefined {
  return [...text.matchAll(/`(cat [\w.-]+)`/g)].at(-1)?.[1];
}

interface Shell {
  readonly name: string;
  call(command: string): object;
}

/** The shell of an agent: the tool that takes a command. */
function commandField({ name, parameters }: SimulatedTool): Shell | undefined {
  const { properties = {}, required = [] } = parameters as {
    readonly properties?: Readonly<Record<string, { readonly type?: unknown }>>;
    readonly required?: readonly string[];
  };
  const field = ["command", "cmd"].find((key) => key in properties);
  if (field === undefined) return undefined;
  const others = required.filter((key) => key !== field).map((key) => [key, "Reads a file"]);
  const argumentFor = (command: string) => (properties[field]?.type === "array" ? ["bash", "-c", command] : command);
  return { name, call: (command) => ({ ...Object.fromEntries(others), [field]: argumentFor(command) }) };
}
