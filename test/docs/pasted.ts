/** The command lines of Markdown pages, as a reader would paste them, and what can be said of one without running it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { loadConfig } from '../../src/config/load/load.ts';
import { fakeIo } from '../cli/fake-io.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Line {
  readonly page: string;
  readonly command: string;
}

/** Lines of the `sh` blocks, comments taken off, and lines that end in a backslash joined with the next. */
export function commandsOf(page: string): Line[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .replace(/ \\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => ({ page, command: line.trim().replace(/ +#.*$/, '') })),
  );
}

const folders = /^(?:examples|configs|recipes|checkpoints|scripts|datasets|python|web|docs)\//;
/** Configurations that a verb takes where none is named. */
const configless = new Set(['evaluate', 'transfer']);
const configured = new Set(['train', 'sft', 'rollout', 'sweep', ...configless]);

/** What is wrong with a line: an unknown verb, option, configuration, key or value, or a file of this repository that is not there. */
export async function faultsOf(command: string): Promise<string[]> {
  const named = [...command.matchAll(/[\w./-]+/g)].map(([word]) => word).filter((word) => folders.test(word));
  const faults = named.filter((path) => !existsSync(join(root, path))).map((path) => `no file ${path}`);
  const [, line] = /npm run (?:--silent )?evom -- ([^|>&]*)/.exec(command) ?? [];
  if (line === undefined) return faults;
  try {
    const words = argumentsOf(line);
    await parseCommandLine(words, fakeIo({ cwd: root }));
    if (configured.has(words[0] ?? '')) for (const config of configsOf(words)) loadConfig(config, settings(words));
  } catch (error) {
    faults.push((error as Error).message);
  }
  return faults;
}

/** Split by the shell; variables of a loop get a value. */
function argumentsOf(line: string): string[] {
  const out = execFileSync('bash', ['-c', `set_=1; step=1; set=x; arms=; printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return out.split('\0').slice(0, -1);
}

function valuesOf(words: readonly string[], ...flags: string[]): string[] {
  return words.flatMap((word, i) => (flags.includes(word) ? (words[i + 1] ?? []) : []));
}

function configsOf(words: readonly string[]): string[] {
  const named = [...valuesOf(words, '--config', '-c'), ...valuesOf(words, '--arm').map((arm) => arm.slice(arm.indexOf('=') + 1))];
  return named.length === 0 && configless.has(words[0] ?? '') ? ['evaluate'] : named;
}

const keyOf: Readonly<Record<string, string>> = { '--backend': 'backend', '--dialect': 'dialect', '--prompt': 'prompt.template' };
const settings = (words: readonly string[]) => ({
  cwd: root,
  checkFiles: false,
  overrides: [
    ...valuesOf(words, '--set'),
    ...Object.entries(keyOf).flatMap(([flag, key]) => valuesOf(words, flag).map((value) => `${key}=${value}`)),
  ],
});
