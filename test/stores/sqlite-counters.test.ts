import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { SqliteCounters } from "../../src/stores/sqlite-counters.ts";
import { testCounters } from "../harness/counters-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-state-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${++files}`, "state.db");

testCounters("sqlite", async (clock) => new SqliteCounters({ path: newPath(), timeoutMs: 10_000 }, clock), {
  leases: true,
});
