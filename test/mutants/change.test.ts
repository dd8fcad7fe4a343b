import { describe, expect, test } from "vitest";
import { always, type Change, changed, drop, inBranch, instead, never, replace, skip, unwrap } from "./change.ts";

const SOURCE = `
const LIMIT = 2;
function first(a, b, c) {
  if (a || (b && c)) return one(a, b);
  else two();
  const d = { a, b: 1, ...c };
  /* a comment */ this.#count += LIMIT * (a + 1);
  return a ? d : [b, c];
}
class Box {
  add(item) {
    if (item) {
      this.put(item);
      return;
    }
    this.put(
      item,
      null,
    );
    throw fail(item);
  }
  close() {
    on(() => this.#off?.());
    while (this.open) this.next();
  }
}
`;

/** The lines of the source that a change adds. */
const linesAfter = (place: string, change: Change) =>
  changed(SOURCE, place, change)
    .split("\n")
    .filter((line) => !SOURCE.split("\n").includes(line))
    .map((line) => line.trim())
    .filter((line) => line !== "");

describe("a change", () => {
  test.each<[string, string, Change, readonly string[]]>([
    ["drops an operand", "first", drop("b && c"), ["if (a) return one(a, b);"]],
    ["drops an argument", "Box.add", drop("null"), []],
    ["drops a property", "first", drop("b: 1"), ["const d = { a, ...c };"]],
    ["drops a spread property", "first", drop("...c"), ["const d = { a, b: 1 };"]],
    ["drops a factor", "first", drop("a + 1"), ["/* a comment */ this.#count += LIMIT;"]],
    ["takes a branch", "first", always("a || b && c"), ["return one(a, b);"]],
    ["takes the other branch", "first", never("a || (b && c)"), ["two();"]],
    ["decides a conditional expression", "first", always("a"), ["return d;"]],
    ["decides an operand", "first", never("b && c"), ["if (a || false) return one(a, b);"]],
    ["decides a loop", "Box.close", always("this.open"), ["while (true) this.next();"]],
    ["skips a call", "first", skip("two"), ["else {  }"]],
    ["skips an assignment", "first", skip("this.#count"), ["/* a comment */"]],
    ["skips a throw", "Box.add", skip("fail"), []],
    ["skips what an arrow function calls", "Box.close", skip("this.#off"), ["on(() => {  });"]],
    ["puts another statement in its place", "Box.add", instead("fail", "return 1;"), ["return 1;"]],
    ["is limited to a branch", "Box.add", inBranch("item", skip("this.put")), []],
    ["unwraps an argument", "first", unwrap("one", 1), ["if (a || (b && c)) return b;"]],
    ["replaces an expression", "first", replace("[b,c]", "[]"), ["return a ? d : [];"]],
    ["replaces inside parentheses", "first", replace("a + 1", "a"), ["/* a comment */ this.#count += LIMIT * (a);"]],
    ["replaces statements", "Box.add", replace("this.put(item); return;", "end();"), ["end();"]],
    ["changes a constant", "LIMIT", replace("2", "3"), ["const LIMIT = 3;"]],
  ])("%s", (_, place, change, lines) => {
    if (lines.length > 0) expect(linesAfter(place, change)).toEqual(lines);
    else expect(changed(SOURCE, place, change).length).toBeLessThan(SOURCE.length);
  });

  test.each<[string, string, Change]>([
    ["0 places match second", "second", skip("two")],
    ["0 places match three", "first", skip("three")],
    ["2 places match this.put", "Box.add", skip("this.put")],
    ["5 places match b", "first", replace("b", "c")],
    ["a is not the condition of a branch", "first", inBranch("a", skip("two"))],
  ])("must match one place: %s", (message, place, change) => {
    expect(() => changed(SOURCE, place, change)).toThrow(message);
  });
});
