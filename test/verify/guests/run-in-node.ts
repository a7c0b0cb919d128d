/** Runs a program in Node itself with the real packages, for comparison: only for programs that this repository wrote. */
import { createRequire } from 'node:module';
import glpk from 'glpk.js/node';

const require = createRequire(import.meta.url);
const AsyncFunction = (async () => undefined).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

const realPackage = (name: string): unknown => (name.startsWith('glpk.js') ? glpk : require(name));

/**
 * @param load what the program is given for the name of a package; the package itself by default.
 * @returns what it printed by `console.log`, as the sandbox prints: typed arrays as lists, a big integer with its n.
 */
export async function runInNode(code: string, load: (name: string) => unknown = realPackage): Promise<string> {
  const lines: string[] = [];
  const show = (value: unknown): string => {
    if (typeof value === 'string') return value;
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'object' || value === null) return String(value);
    return JSON.stringify(value, (_key, inner: unknown) => (ArrayBuffer.isView(inner) ? Array.from(inner as Float64Array) : inner));
  };
  const log = (...values: unknown[]): void => void lines.push(`${values.map(show).join(' ')}\n`);
  const importing = code.replace(/^import (\w+) from (["'][^"']+["']);/gm, 'const $1 = load($2);');
  await new AsyncFunction('require', 'load', 'console', importing)(load, load, { log, error: log });
  return lines.join('');
}
