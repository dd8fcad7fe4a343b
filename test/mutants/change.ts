import ts from "typescript";

/** Text that takes the place of a range of the source. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * A change of one function. Expressions and statements are compared by their syntax trees, so that formatting, comments
 * and parentheses do not matter, and each must occur once in the function.
 */
export type Change = (scope: ts.Node) => Splice;

/** Removes an operand of a logical or arithmetic operator, an argument, a property, or an element of an array. */
export const drop =
  (code: string): Change =>
  (scope) => {
    const found = only(scope, code, (node) => isOperand(node) || listOf(node) !== undefined);
    const { parent } = found;
    if (ts.isBinaryExpression(parent))
      return splice(parent, (parent.left === found ? parent.right : parent.left).getText());
    return withoutElement(found, listOf(found) ?? []);
  };

/**
 * Removes the statement, or empties the arrow function, that only calls `code`, throws it or what it returns, assigns to
 * it, or is this very expression.
 */
export const skip = (code: string): Change => instead(code, "");

/** Other statements in the place of the one that `skip` removes. */
export const instead =
  (code: string, statements: string): Change =>
  (scope) => {
    const pattern = shapeOf(parsed(code));
    const isMeant = (node: ts.Node) => [node, ...partsOf(node)].some((part) => shapeOf(part) === pattern);
    const found = single(
      nodesIn(scope).filter((node) => isSkippable(node) && isMeant(bare(node))),
      code,
    );
    if (ts.isArrowFunction(found.parent)) return splice(found, `{ ${statements} }`);
    return splice(found.parent, isInList(found.parent) ? statements : `{ ${statements} }`);
  };

/** A change in the branch that is taken if a condition holds. */
export const inBranch =
  (condition: string, change: Change): Change =>
  (scope) => {
    const { parent } = conditionIn(scope, condition);
    if (!ts.isIfStatement(parent)) throw new Error(`${condition} is not the condition of a branch`);
    return change(parent.thenStatement);
  };

/** A condition that holds: its branch is taken, as an operand or a value it is `true`. */
export const always = (code: string): Change => decided(code, true);

/** A condition that does not hold: its branch is left out, as an operand or a value it is `false`. */
export const never = (code: string): Change => decided(code, false);

/** An argument in the place of its call. */
export const unwrap =
  (callee: string, argument = 0): Change =>
  (scope) => {
    const found = only(scope, callee, ({ parent }) => ts.isCallExpression(parent)).parent as ts.CallExpression;
    return splice(found, (found.arguments[argument] as ts.Expression).getText());
  };

/** Other code in the place of an expression, or of statements that stand in a row. */
export const replace =
  (before: string, after: string): Change =>
  (scope) => {
    if (!isStatement(before)) return splice(single(inner(scope, before), before), after);
    const pattern = statementsOf(before);
    const first = single(
      nodesIn(scope).filter((node) => isRun(node, pattern)),
      before,
    );
    const run = siblingsOf(first).slice(0, pattern.length);
    return { start: first.getStart(), end: (run.at(-1) ?? first).end, text: after };
  };

/** The text of a file after a change of a function such as `Reader.take`, or of a variable on the top level. */
export function changed(text: string, place: string, change: Change): string {
  const source = ts.createSourceFile("mutant.ts", text, ts.ScriptTarget.Latest, true);
  const scope = single(nodesIn(source).filter(isDeclared), place, (node) => nameOf(node) === place);
  const { start, end, text: written } = change(scope);
  return text.slice(0, start) + written + text.slice(end);
}

function decided(code: string, holds: boolean): Change {
  return (scope) => {
    const found = conditionIn(scope, code);
    const { parent } = found;
    if (ts.isConditionalExpression(parent))
      return splice(parent, (holds ? parent.whenTrue : parent.whenFalse).getText());
    if (!ts.isIfStatement(parent)) return splice(found, String(holds));
    const branch = holds ? parent.thenStatement : parent.elseStatement;
    if (branch !== undefined) return splice(parent, branch.getText());
    return splice(parent, isInList(parent) ? "" : "{}");
  };
}

/** The condition of a branch; where there is none, an operand or a value. */
function conditionIn(scope: ts.Node, code: string): ts.Node {
  const found = occurrences(scope, code);
  const branches = found.filter(isBranchCondition);
  return single(branches.length > 0 ? branches : found.filter(isValue), code);
}

function isBranchCondition(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  return ts.isIfStatement(parent) && parent.expression === node;
}

function isValue(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isBinaryExpression(parent)) return isLogical(parent) || (isAssignment(parent) && parent.right === node);
  return (
    ts.isPrefixUnaryExpression(parent) ||
    ts.isWhileStatement(parent) ||
    ts.isReturnStatement(parent) ||
    ts.isArrowFunction(parent) ||
    ts.isVariableDeclaration(parent) ||
    ts.isPropertyAssignment(parent)
  );
}

function isLogical({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  const { AmpersandAmpersandToken, BarBarToken, QuestionQuestionToken } = ts.SyntaxKind;
  return kind === AmpersandAmpersandToken || kind === BarBarToken || kind === QuestionQuestionToken;
}

function isArithmetic({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return kind >= ts.SyntaxKind.PlusToken && kind <= ts.SyntaxKind.PercentToken;
}

function isAssignment({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function isOperand({ parent }: ts.Node): boolean {
  return ts.isBinaryExpression(parent) && (isLogical(parent) || isArithmetic(parent));
}

/** The list that a node is an element of. */
function listOf(node: ts.Node): ts.NodeArray<ts.Node> | undefined {
  const { parent } = node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent))
    return parent.arguments?.includes(node as ts.Expression) ? parent.arguments : undefined;
  if (ts.isObjectLiteralExpression(parent)) return parent.properties;
  return ts.isArrayLiteralExpression(parent) ? parent.elements : undefined;
}

/** An element of a list and one comma beside it. */
function withoutElement(node: ts.Node, list: readonly ts.Node[]): Splice {
  const at = list.indexOf(node);
  const next = list[at + 1];
  const before = list[at - 1];
  if (next !== undefined) return { start: node.getStart(), end: next.getStart(), text: "" };
  return { start: before?.end ?? node.getStart(), end: node.end, text: "" };
}

/** What names a statement: the function it calls, or what it assigns to. */
function partsOf(node: ts.Node): readonly ts.Node[] {
  if (ts.isCallExpression(node)) return [node.expression];
  if (ts.isBinaryExpression(node) && isAssignment(node)) return [node.left];
  return ts.isPostfixUnaryExpression(node) ? [node.operand] : [];
}

/** Whether a node is all that a statement or an arrow function does. */
function isSkippable(node: ts.Node): boolean {
  const { parent } = node;
  if (parent === undefined) return false;
  if (ts.isArrowFunction(parent)) return parent.body === node && !ts.isBlock(node);
  return ts.isExpressionStatement(parent) || ts.isThrowStatement(parent);
}

/** An expression without `await`, `yield` and `void`. */
function bare(node: ts.Node): ts.Node {
  if (ts.isAwaitExpression(node) || ts.isVoidExpression(node)) return bare(node.expression);
  return ts.isYieldExpression(node) && node.expression !== undefined ? bare(node.expression) : node;
}

function isInList(node: ts.Node): boolean {
  return siblingsOf(node).length > 0;
}

/** A statement and those after it in the same block. */
function siblingsOf(node: ts.Node): readonly ts.Node[] {
  const { parent } = node;
  if (!ts.isBlock(parent) && !ts.isSourceFile(parent) && !ts.isCaseOrDefaultClause(parent)) return [];
  return parent.statements.slice(parent.statements.indexOf(node as ts.Statement));
}

function isRun(node: ts.Node, pattern: readonly ts.Node[]): boolean {
  if (!ts.isStatement(node)) return false;
  const run = isInList(node) ? siblingsOf(node) : [node];
  return pattern.every((part, at) => run[at] !== undefined && shapeOf(run[at]) === shapeOf(part));
}

const isStatement = (code: string) => /;$|^try\b/.test(code);

function only(scope: ts.Node, code: string, isMeant = (_: ts.Node) => true): ts.Node {
  return single(occurrences(scope, code).filter(isMeant), code);
}

/** The places where an expression or property stands, with the parentheses around it. */
function occurrences(scope: ts.Node, code: string): ts.Node[] {
  return inner(scope, code).map(withParentheses);
}

function inner(scope: ts.Node, code: string): ts.Node[] {
  const pattern = shapeOf(parsed(code));
  return nodesIn(scope).filter((node) => shapeOf(node) === pattern && !ts.isParenthesizedExpression(node));
}

function withParentheses(node: ts.Node): ts.Node {
  return ts.isParenthesizedExpression(node.parent) ? withParentheses(node.parent) : node;
}

function single(nodes: readonly ts.Node[], code: string, isMeant = (_: ts.Node) => true): ts.Node {
  const found = nodes.filter(isMeant);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} places match ${code}`);
  return found[0];
}

/** The expression, property or argument that the code is. */
function parsed(code: string): ts.Node {
  const isProperty = /^(?:\.\.\.|[\w$]+:)/.test(code);
  const [statement] = statementsOf(isProperty ? `({ ${code} });` : `(${code});`);
  const { expression } = statement as ts.ExpressionStatement;
  const inner = (expression as ts.ParenthesizedExpression).expression;
  return isProperty ? ((inner as ts.ObjectLiteralExpression).properties[0] as ts.Node) : inner;
}

function statementsOf(code: string): readonly ts.Statement[] {
  const source = ts.createSourceFile(
    "pattern.ts",
    `class Pattern { async *pattern() { for (;;) { ${code} } } }`,
    ts.ScriptTarget.Latest,
    true,
  );
  const loop = nodesIn(source).find(ts.isForStatement) as ts.ForStatement;
  return (loop.statement as ts.Block).statements;
}

/** What stands between the brackets of an empty block, object or array. */
const EMPTY = /(?<=^[{[])\s+(?=[\]}]$)/;

/** Equal for code that differs in nothing but white space, comments and parentheses. */
function shapeOf(node: ts.Node): string {
  if (ts.isParenthesizedExpression(node)) return shapeOf(node.expression);
  const parts: string[] = [];
  ts.forEachChild(node, (child) => {
    parts.push(shapeOf(child));
  });
  const operator = ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node) ? node.operator : "";
  return `${node.kind}${operator}(${parts.length > 0 ? parts.join() : node.getText().replace(EMPTY, "")})`;
}

function nodesIn(root: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return nodes;
}

/** A function or class member with a body, or a variable. */
function isDeclared(node: ts.Node): boolean {
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node))
    return node.body !== undefined;
  return ts.isAccessor(node) || ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node);
}

/** `name` on the top level, `Class.name` in a class. */
function nameOf(node: ts.Node): string | undefined {
  const own = ts.isConstructorDeclaration(node) ? "constructor" : (node as ts.NamedDeclaration).name?.getText();
  if (ts.isClassDeclaration(node.parent)) return `${node.parent.name?.getText()}.${own}`;
  const holder = ts.isVariableDeclaration(node) ? node.parent.parent.parent : node.parent;
  return ts.isSourceFile(holder) ? own : undefined;
}

function splice(node: ts.Node, text: string): Splice {
  return { start: node.getStart(), end: node.end, text };
}
