import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cycles, FILES, FLOORS, floorOf, IMPORTS, roomOf } from "./imports.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Imports between rooms, including types, each pair once. */
const ARROWS: readonly Arrow[] = [
  ...new Set(
    IMPORTS.filter(({ own, from, to }) => own && roomOf(from) !== roomOf(to)).map(
      ({ from, to }) => `${roomOf(from)} ${roomOf(to)}`,
    ),
  ),
].map((pair) => {
  const [from = "", to = ""] = pair.split(" ");
  return { from, to };
});

const isUp = ({ from, to }: Arrow) => floorOf(`src/${to}`) > floorOf(`src/${from}`);

/** The rooms by floor with their imports as Markdown; `sizes` adds the numbers of files and lines. */
export function roomsTable(sizes: boolean): string {
  const head = sizes
    ? ["| floor | room | files | lines | imports |", "|---:|---|---:|---:|---|"]
    : ["| floor | room | imports |", "|---:|---|---|"];
  const rows = FLOORS.flatMap((rooms, floor) => rooms.map((room) => rowOf(room, floor, sizes))).reverse();
  const circles = cycles(IMPORTS.filter(({ own, kind }) => own && kind !== "lazy"));
  const upward = ARROWS.filter(isUp).length;
  const sum = `${FLOORS.flat().length} rooms on ${FLOORS.length - 1} floors; ${ARROWS.length} arrows between rooms, ${upward} of them upward; ${circles.length} cycles of imports, types included.`;
  return [...head, ...rows, "", sum].join("\n");
}

function rowOf(room: string, floor: number, sizes: boolean): string {
  const to = ARROWS.filter(({ from }) => from === room).map((arrow) => arrow.to);
  const below = to.sort((left, right) => floorOf(`src/${right}`) - floorOf(`src/${left}`) || left.localeCompare(right));
  const files = FILES.filter((file) => roomOf(file) === room);
  const size = sizes ? ` | ${files.length} | ${linesOf(files)}` : "";
  return `| ${floor} | \`${room}\`${size} | ${below.join(", ")} |`;
}

function linesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + readFileSync(join(ROOT, file), "utf8").split("\n").length - 1, 0);
}

const BEGIN = "<!-- rooms: `npm run docs` writes this table -->\n\n";
const END = "\n\n<!-- /rooms -->";

/** The architecture page with a regenerated table of rooms. */
export function architecturePage(): string {
  const page = readFileSync(join(ROOT, "docs/inside/architecture.md"), "utf8");
  const [before, rest] = [page.slice(0, page.indexOf(BEGIN)), page.slice(page.indexOf(END))];
  return `${before}${BEGIN}${roomsTable(false)}${rest}`;
}
