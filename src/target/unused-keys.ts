import type { Target } from "../core/target.ts";
import type { ResolvedEntry } from "./resolve-context.ts";

/** Keys that only some wire formats support; on others they are reported like any omitted parameter. */
export function unusedKeys({ entry, declared, row }: ResolvedEntry, dialect: string): Target["unused"] {
  const openai = dialect.startsWith("openai");
  const unused: { key: string; value: unknown; reason: string }[] = [];
  const note = (key: string, value: unknown, reason: string) => {
    if (value !== undefined) unused.push({ key, value, reason });
  };
  if (!openai) {
    // Unresolved, because a simulated entry does not need their variables.
    note("organization_id", declared.organizationId, `the ${dialect} wire has no organizations`);
    note("project_id", declared.projectId, `the ${dialect} wire has no projects`);
  }
  if (openai && row?.undatedPath === undefined)
    note("api_version", entry.apiVersion, "only Azure's API has versions on this wire");
  if (dialect !== "google") {
    note("vertex_project", entry.vertexProject, "only Vertex has projects");
    note("vertex_location", entry.vertexLocation, "only Vertex has locations");
  }
  if (entry.maxParallel === undefined) note("queue", entry.queue, "no effect without max_parallel");
  return unused;
}
