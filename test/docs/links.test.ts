import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { PAGES, ROOT, readPage } from "./blocks.ts";

interface Link {
  readonly page: string;
  readonly target: string;
}

const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");

const links: readonly Link[] = PAGES.flatMap((page) =>
  [...withoutCode(readPage(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({ page, target })),
);
const relative = links.filter(({ target }) => !/^[a-z]+:/.test(target));

/** The id a heading gets on the usual hosts. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

function leadsNowhere({ page, target }: Link): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(ROOT, file))) return true;
  if (anchor === undefined) return false;
  const headings = readFileSync(join(ROOT, file), "utf8").matchAll(/^#+ (.*)$/gm);
  return ![...headings].some(([, heading = ""]) => anchorOf(heading.replaceAll("`", "")) === anchor);
}

describe("links of the pages", () => {
  it("have existing targets", () => {
    expect(relative.length).toBeGreaterThan(40);
    expect(relative.filter(leadsNowhere).map(({ page, target }) => `${page} -> ${target}`)).toEqual([]);
  });

  it("name source files that exist", () => {
    const sources = globSync(["src/**/*.ts", "test/**/*.ts", "scripts/**/*.ts"], { cwd: ROOT });
    const known = sources.map((file) => `/${file.replaceAll("\\", "/")}`);
    const named = [
      "AGENTS.md",
      "CONTRIBUTING.md",
      "docs/inside/architecture.md",
      "docs/inside/add-a-provider.md",
    ].flatMap((page) => [...readPage(page).matchAll(/\w[\w./-]*\.ts\b/g)].map(([file]) => ({ page, file })));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ file }) => !known.some((path) => path.endsWith(`/${file}`)))).toEqual([]);
  });

  it("reach every page from the README", () => {
    const reached = new Set<string>(["README.md"]);
    for (const page of reached)
      for (const { target } of relative.filter((link) => link.page === page)) {
        const file = target.split("#")[0] ?? "";
        if (file.endsWith(".md")) reached.add(normalize(join(dirname(page), file)));
      }
    expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
  });

  it("are short: the README has under 120 lines, a guide page under 220", () => {
    const tooLong = PAGES.filter((page) => !/^docs\/reference\/|^docs\/inside\/faults\.md$/.test(page)).filter(
      (page) => readPage(page).split("\n").length > (page === "README.md" ? 120 : 219),
    );
    expect(tooLong).toEqual([]);
  });
});
