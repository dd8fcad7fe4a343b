// Writes the generated pages of docs: node scripts/generate-docs.ts
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { apiPage } from "./docs/api-page.ts";
import { errorsPage } from "./docs/errors-page.ts";
import { faultsPage } from "./docs/faults-page.ts";
import { modelsTomlPage } from "./docs/models-toml-page.ts";
import { providersPage } from "./docs/providers-page.ts";
import { readmePage } from "./docs/readme-page.ts";
import { architecturePage } from "./house/rooms.ts";

/** Every generated page by its path in the repository. */
export function generatedPages(): Readonly<Record<string, string>> {
  return {
    "README.md": readmePage(),
    "docs/inside/architecture.md": architecturePage(),
    "docs/inside/faults.md": faultsPage(),
    "docs/reference/api.md": apiPage(),
    "docs/reference/errors.md": errorsPage(),
    "docs/reference/models-toml.md": modelsTomlPage(),
    "docs/reference/providers.md": providersPage(),
  };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedPages()))
    writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), text);
}
