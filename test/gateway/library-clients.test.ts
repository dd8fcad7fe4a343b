import "../harness/agents-listeners.ts";

import { aiSdkRows } from "./clients/ai-sdk.ts";
import { langchainRows } from "./clients/langchain.ts";
import { openai6Rows } from "./clients/openai.ts";
import { agentsRows } from "./clients/openai-agents.ts";
import { testClient } from "./clients/scenarios.ts";

for (const row of [...openai6Rows, ...aiSdkRows, ...langchainRows, ...agentsRows]) testClient(row);
