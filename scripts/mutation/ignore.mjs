/**
 * What Stryker leaves alone: the words of an error (whether it is thrown is another question), and the branch of a `switch` that the
 * compiler proves to be unreachable (`satisfies never`).
 */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const faults = /(?:Error|Fault|Refusal|HostDown)$/;

/** Whether a node is a text among the arguments of `new SomeError(...)`. */
function isMessage(path) {
  const { parentPath } = path;
  if (!parentPath?.isNewExpression() || path.listKey !== 'arguments') return false;
  const { callee } = parentPath.node;
  return callee.type === 'Identifier' && faults.test(callee.name) && (path.isStringLiteral() || path.isTemplateLiteral());
}

/** Whether a node is `default: return x satisfies never` or `default: x satisfies never`, or within it. */
function isUnreachable(path) {
  const branch = path.isSwitchCase() ? path : path.findParent((one) => one.isSwitchCase());
  const [statement] = branch?.node.test === null ? branch.node.consequent : [];
  const claim = statement?.type === 'ReturnStatement' ? statement.argument : statement?.expression;
  return claim?.type === 'TSSatisfiesExpression' && claim.typeAnnotation.type === 'TSNeverKeyword';
}

export const ignorer = {
  shouldIgnore(path) {
    if (isMessage(path)) return 'the words of an error';
    return isUnreachable(path) ? 'the compiler proves that nothing comes here' : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'words-and-unreachable', ignorer)];
