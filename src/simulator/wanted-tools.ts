import type { SimulatedRequest, SimulatedTool } from "../dialects/served/request.ts";
import { isTelling, literally } from "./prompt-words.ts";

const VERBS = new Set([
  "get",
  "set",
  "list",
  "find",
  "fetch",
  "search",
  "lookup",
  "create",
  "update",
  "delete",
  "make",
  "read",
  "write",
  "call",
  "query",
  "tool",
  "current",
  "data",
]);

/** The tools that an answer calls: those that the tool choice requires, or that the prompt mentions. None after tool results. */
export function wantedTools(request: SimulatedRequest): readonly SimulatedTool[] {
  if (request.tools.length === 0 || request.toolChoice === "none") return [];
  if ((request.turns.at(-1)?.results.length ?? 0) > 0) return [];
  const allowed = allowedTools(request);
  const named = namedTools(allowed, request.prompt);
  const wanted = named.length > 0 || request.toolChoice === "auto" ? named : allowed.slice(0, 1);
  return request.parallelTools ? wanted : wanted.slice(0, 1);
}

function allowedTools({ tools, toolChoice }: SimulatedRequest): readonly SimulatedTool[] {
  if (typeof toolChoice === "string") return tools;
  return tools.filter((tool) => toolChoice.names.includes(tool.name));
}

/** Tools with their full name in the prompt take precedence over partial matches. */
function namedTools(tools: readonly SimulatedTool[], prompt: string): readonly SimulatedTool[] {
  const words = wordsOf(prompt);
  const inFull = tools.filter((tool) => isNamedIn(tool, prompt));
  return inFull.length > 0 ? inFull : tools.filter((tool) => isHintedAt(tool, words));
}

/** Matches the name, or its words: `getWeather` matches "get weather". */
function isNamedIn(tool: SimulatedTool, prompt: string): boolean {
  const spoken = partsOf(tool.name).join(" ");
  return mentions(prompt, tool.name) || (spoken.includes(" ") && mentions(prompt, spoken));
}

function mentions(prompt: string, name: string): boolean {
  return new RegExp(`(?<![\\p{L}\\p{N}_])${literally(name)}(?![\\p{L}\\p{N}_])`, "iu").test(prompt);
}

function isHintedAt(tool: SimulatedTool, words: ReadonlySet<string>): boolean {
  if (partsOf(tool.name).some((part) => part.length >= 4 && !VERBS.has(part) && words.has(stem(part)))) return true;
  const described = new Set([...wordsOf(tool.description)].filter((word) => !VERBS.has(word)));
  return [...described].filter((word) => words.has(word)).length >= 2;
}

function partsOf(name: string): readonly string[] {
  return name
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== "");
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set((text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).filter(isTelling).map(stem));
}

function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:ing|es|s)$/, "") : word;
}
