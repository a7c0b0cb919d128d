/** Stryker's ignorer for words: the text of an error may change without a test that fails, whether it is thrown may not. */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const faults = /(?:Error|Fault|Refusal)$/;

const ignorer = {
  shouldIgnore(path) {
    const { parentPath } = path;
    if (!parentPath?.isNewExpression() || path.listKey !== 'arguments') return undefined;
    const { callee } = parentPath.node;
    if (callee.type !== 'Identifier' || !faults.test(callee.name)) return undefined;
    return path.isStringLiteral() || path.isTemplateLiteral() ? 'the words of a message' : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'messages', ignorer)];
