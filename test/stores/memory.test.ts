import { MemoryStore } from "../../src/stores/memory.ts";
import { testValues } from "../harness/values-contract.ts";

testValues("memory", (clock, bounds) => new MemoryStore(bounds, clock));
