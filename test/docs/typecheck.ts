import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "./blocks.ts";

/** Messages of the compiler by file, for all modules in one program. */
export function typecheck(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { compilerOptions: config.compilerOptions, files: [] },
    ts.sys,
    ROOT,
  );
  const paths = {
    modelwright: [join(ROOT, "src/index.ts")],
    "modelwright/ai-sdk": [join(ROOT, "src/interop/ai-sdk.ts")],
    "modelwright/inject": [join(ROOT, "src/inject/index.ts")],
    "modelwright/gateway": [join(ROOT, "src/gateway/index.ts")],
    "modelwright/langchain": [join(ROOT, "src/interop/langchain.ts")],
    "modelwright/testing": [join(ROOT, "src/testing/index.ts")],
  };
  const program = ts.createProgram([...files], {
    ...options,
    paths,
    typeRoots: [join(ROOT, "node_modules/@types")],
    moduleDetection: ts.ModuleDetectionKind.Force,
  });
  const found = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const file of files) {
    const source = program.getSourceFile(file);
    if (source === undefined) continue;
    const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    found.set(
      file,
      problems.map((problem) => ts.flattenDiagnosticMessageText(problem.messageText, "\n")),
    );
  }
  return found;
}
