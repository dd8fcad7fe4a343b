import { refuse } from "../dialects/served/problem.ts";
import { type ExampleOptions, exampleOf } from "./schema-value.ts";
import { UnsatisfiedSchema } from "./unsatisfied-schema.ts";

/** A value for the schema of a request; rejects the request if there is none. */
export function requestedValue(what: string, schema: unknown, options: ExampleOptions): unknown {
  try {
    return exampleOf(schema, options);
  } catch (error) {
    if (!(error instanceof UnsatisfiedSchema)) throw error;
    return refuse(`the simulator cannot make ${what}: ${error.message}`);
  }
}
