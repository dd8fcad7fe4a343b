import { Command } from "commander";
import { packageVersion } from "./package-version.ts";
import type { Printer } from "./print.ts";

/** Descriptions with less room are not wrapped beside the flags. */
const NARROWEST = 20;

/** The root command with the global flags. */
export function programFor(print: Printer): Command {
  return new Command("modelwright")
    .description("Shows, checks and calls the models of a models.toml.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .option("-c, --config <file>", "the models.toml to use (default: MODELWRIGHT_CONFIG, or the nearest models.toml)")
    .option("--profile <name>", "apply [profiles.NAME] (default: MODELWRIGHT_PROFILE)")
    .option("--json", "print the result as JSON")
    .option("--no-color", "no colors (NO_COLOR and FORCE_COLOR are respected too)")
    .option("--debug", "show where an error comes from")
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: NARROWEST, styleTitle: (text) => print.paint.bold(text) })
    .configureOutput({
      // Wraps what commander leaves as it is, such as examples.
      writeOut: (text) => print.lines(text.replace(/\n$/, "").split("\n")),
      // reportError prints all errors in the same format.
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(print.columns, 100),
      getOutHasColors: () => print.paint.isColorSupported,
    })
    .exitOverride();
}
