import { WIRE_NAMES } from "../../core/wire-name.ts";
import type { FaultScript, FaultStep } from "./step.ts";

type Problem = string | undefined;
type Check = (...values: readonly unknown[]) => Problem;

const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const text =
  (what: string): Check =>
  (value) =>
    isText(value) ? undefined : `${what} must be a string`;
const count =
  (what: string): Check =>
  (value) =>
    isCount(value) ? undefined : `${what} must be a non-negative integer`;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? undefined : check(value);
const oneOf =
  (what: string, ...words: readonly string[]): Check =>
  (value) =>
    isText(value) && words.includes(value)
      ? undefined
      : `${what} must be one of ${words.map((word) => JSON.stringify(word)).join(", ")}`;
const given =
  (what: string): Check =>
  (value) =>
    value === undefined ? `${what} is missing` : undefined;
const hex: Check = (value) =>
  isText(value) && /^(?:[0-9a-f]{2})*$/i.test(value.replace(/\s/g, ""))
    ? undefined
    : "the bytes must be hexadecimal digits";
const statusCode: Check = (value) =>
  isCount(value) && value >= 200 && value <= 599 ? undefined : "the code must be a number from 200 to 599";
const splitBytes: Check = (value) => (isCount(value) && value > 0 ? undefined : "the bytes must be a positive integer");

const headers: Check = (value) => {
  if (!isTable(value)) return "the headers must be an object of strings";
  const wrong = Object.entries(value).find(([name, one]) => !isText(one) || /[\r\n]/.test(name + one));
  return wrong === undefined ? undefined : `the header ${JSON.stringify(wrong[0])} must be a string on one line`;
};

const limits: Check = (value) => {
  if (!isTable(value)) return "the limits must be an object";
  const unknown = Object.keys(value).find((name) => !["requests", "tokens", "windowMs"].includes(name));
  if (unknown !== undefined) return `the limit ${JSON.stringify(unknown)} must be requests, tokens or windowMs`;
  const wrong = Object.entries(value).find(([, one]) => !(typeof one === "number" && one > 0));
  if (wrong !== undefined) return `the limit ${wrong[0]} must be a number above 0`;
  return value["requests"] === undefined && value["tokens"] === undefined
    ? "the limits must have requests or tokens"
    : undefined;
};

const repeated: Check = (value) => stepProblem(value);
const wire = oneOf("the wire", ...WIRE_NAMES);

/** The arguments of each step, in order. */
const TAKES: Readonly<Record<FaultStep[0], readonly Check[]>> = {
  status: [statusCode, optional(headers)],
  json: [given("the body")],
  sse: [optional(oneOf("the framing", "chunked"))],
  data: [given("the body")],
  event: [text("the name"), given("the body")],
  raw: [text("the text")],
  "raw!": [text("the text")],
  hex: [hex],
  hexdata: [hex],
  split: [splitBytes, optional(count("the gap"))],
  eol: [oneOf("the line end", "\n", "\r\n", "\r")],
  gzip: [optional(oneOf("the mode", "flush", "once", "cut"))],
  wait: [count("the time")],
  hang: [],
  rst: [],
  fin: [],
  end: [],
  repeat: [count("the number of times"), repeated, optional(count("the gap"))],
  bigdelta: [count("the number of bytes")],
  okjson: [],
  okstream: [optional(wire)],
  barrier: [text("the name"), count("the number of requests")],
  rate: [limits],
  proxy407: [],
  tunnel: [],
};

/** Validates a script. Throws a TypeError that names the first invalid step. */
export function checkedScript(script: unknown, place: string): FaultScript {
  if (!Array.isArray(script)) throw new TypeError(`${place}: a script is an array of steps, got ${shown(script)}`);
  for (const [index, step] of script.entries()) {
    const problem = stepProblem(step) ?? orderProblem(step, script.slice(0, index));
    if (problem !== undefined) throw new TypeError(`${place}[${index}] ${shown(step)}: ${problem}`);
  }
  return script as FaultScript;
}

const SEND_HEAD = new Set(["json", "sse", "data", "event", "raw", "hex", "hexdata", "repeat", "bigdelta"]);

function orderProblem([name]: FaultStep, before: FaultScript): Problem {
  if (name !== "gzip") return undefined;
  const late = before.some((step) => SEND_HEAD.has(step[0]) || (step[0] === "status" && namesBody(step[2])));
  return late ? "must come before the step that sends the headers" : undefined;
}

/** Whether the headers define the length of a body; such a status is sent at once. */
export function namesBody(headers: Readonly<Record<string, string>> = {}): boolean {
  return Object.keys(headers).some((name) => ["content-type", "content-length"].includes(name.toLowerCase()));
}

function stepProblem(step: unknown): Problem {
  if (!Array.isArray(step) || !isText(step[0])) return "a step is an array that starts with its name";
  const [name, ...values] = step as [string, ...unknown[]];
  if (!Object.hasOwn(TAKES, name))
    return `unknown step ${JSON.stringify(name)}; known steps: ${Object.keys(TAKES).join(", ")}`;
  const takes = TAKES[name as FaultStep[0]];
  if (values.length > takes.length) return `takes ${takes.length} values, got ${values.length}`;
  return takes.map((check, index) => check(values[index])).find((problem) => problem !== undefined);
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
