import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function configureSchema(command: Command, { print }: CliContext): void {
  command
    .addHelpText("after", '\nFor an editor, put "#:schema ./models.schema.json" into the first line of models.toml.\n')
    .action(async () => {
      const { editorSchema } = await import("../../target/editor-schema.ts");
      print.json(editorSchema());
    });
}
