import { testClient } from "./clients/scenarios.ts";
import { STOCK_ROWS } from "./clients.ts";

for (const row of STOCK_ROWS) testClient(row);
