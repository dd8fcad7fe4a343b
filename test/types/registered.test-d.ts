import type { Registered } from "modelwright";
import { expectTypeOf, it } from "vitest";

it("Registered is empty until a project declares its entries", () => {
  expectTypeOf<keyof Registered>().toEqualTypeOf<never>();
});
