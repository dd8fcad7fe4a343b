import { hostname } from "node:os";
import type { Recorded } from "./recorder.ts";

const MOST_CHARS = 1_200;

/** Personal paths, ids and times get the same value in every recording. */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/\/[\w/.-]*modelwright-agent-\w+\/home/g, "/home/ann"],
  [/\/[\w/.-]*modelwright-agent-\w+\/project/g, "/home/ann/project"],
  [/[\w-]*modelwright-agent-\w+-project/g, "-home-ann-project"],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "00000000-0000-4000-8000-000000000000"],
  [new RegExp(`\\b${new Date().toISOString().slice(0, 10)}(T[\\d:.]+Z)?`, "g"), "2026-01-01"],
  [/\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \w+ \d+, 20\d\d\b/g, "Thursday, January 1, 2026"],
  [
    /\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d? 20\d\d\b/g,
    "Thu Jan 01 2026",
  ],
  [/\bcch=[0-9a-f]+/g, "cch=00000"],
  [/\bLinux \d+\.\d+[\w.+-]*/g, "Linux 6.12.0"],
  [/http:\/\/127\.0\.0\.1:\d+/g, "http://127.0.0.1:4000"],
  [/\b[0-9a-f]{64}\b/g, "0".repeat(64)],
];

/** A request without personal data; instructions are cut, descriptions of tools are kept. */
export function reduced(recorded: Recorded): Recorded {
  const text = JSON.stringify(recorded, (key, value: unknown) =>
    typeof value === "string" && key !== "description" && key !== "arguments" ? cut(value) : value,
  );
  const replaced = REPLACED.reduce((rest, [pattern, value]) => rest.replace(pattern, value), text);
  return JSON.parse(replaced.replaceAll(hostname(), "machine")) as Recorded;
}

function cut(text: string): string {
  if (text.length <= MOST_CHARS) return text;
  return `${text.slice(0, MOST_CHARS / 2)} [${text.length - MOST_CHARS} characters] ${text.slice(-MOST_CHARS / 2)}`;
}
