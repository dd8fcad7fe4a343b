import { MemoryCounters } from "../../src/stores/memory-counters.ts";
import { testCounters } from "../harness/counters-contract.ts";

testCounters("memory", async (clock) => new MemoryCounters(clock), { leases: false });
