import fc from "fast-check";
import { expect, test } from "vitest";
import { RawEvents } from "../../src/dialects/raw-events.ts";

test("keeps the last four events and the pinned ones, in order", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (pinned) => {
      const raw = new RawEvents();
      pinned.forEach((pin, index) => {
        raw.add(`${index}`);
        if (pin) raw.keepLast();
      });
      const expected = pinned.flatMap((pin, index) => (pin || index >= pinned.length - 4 ? [`${index}`] : []));
      expect(raw.kept).toEqual(expected);
    }),
  );
});
