/** How a program's text becomes something the interpreter can run, with the program's own line numbers. */

/** Name of the program in stack traces. */
export const PROGRAM_FILE = 'program.js';

export interface ProgramSource {
  /** `function`: an expression that gives an async function of (module, exports); `module`: an ES module. */
  readonly kind: 'function' | 'module';
  readonly text: string;
  readonly numLines: number;
}

const moduleSyntax = /^\s*(?:import\s*(?:[\w$*{'"])|export\s+(?:default|const|let|var|function|class|async|\{|\*))/m;
const notCalls = /^(?:if|for|while|switch|catch|function|return|typeof|await|super|with|do|else|void|new|delete|throw|yield|import)$/;

/**
 * Wraps a program so that top-level `await`, `require` and `return` work.
 *
 * A program without `import` or `export` statements becomes the body of an async function, opened on its first line so that
 * lines keep their numbers; the others run as modules.
 */
export function programSource(code: string): ProgramSource {
  // As Node reads a file: no byte order mark, and `#!` makes a first line a comment.
  const text = awaitLastCall(code.replace(/^\uFEFF/, '').replace(/^#!/, '//'));
  const numLines = text.split('\n').length;
  // A module that awaits rejects when it throws; one that does not would make its errors look like those of its compilation.
  if (moduleSyntax.test(text)) return { kind: 'module', text: `${text}\n;await null;`, numLines };
  return { kind: 'function', text: `(async function (module, exports) {${text}\n})`, numLines };
}

/**
 * Puts `await` before a last statement such as `main();` or a last `(async () => {...})();`.
 *
 * The interpreter reports no unhandled rejection: without this, a program whose async main function throws looks like one that
 * ended well without a solve.
 */
function awaitLastCall(code: string): string {
  const end = code.trimEnd();
  const at = end.lastIndexOf('\n') + 1;
  const last = end.slice(at);
  const name = /^([A-Za-z_$][\w$]*)\(.*\)(?:\s*\.\w+\(.*)?;?$/.exec(last)?.[1];
  if (name !== undefined && !notCalls.test(name)) return `${end.slice(0, at)}await ${last}\n`;
  if (/^\}\s*\)?\s*\(\s*\)\s*\)?(?:\s*\.\w+\(.*)?;?$/.test(last)) {
    const start = end.lastIndexOf('\n(async');
    if (start !== -1 || end.startsWith('(async')) return `${end.slice(0, start + 1)}await ${end.slice(start + 1)}\n`;
  }
  return code;
}
