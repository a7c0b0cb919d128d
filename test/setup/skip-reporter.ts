/**
 * A reporter whose line is the last of a run: how many suites and tests were skipped, and why. Where `EVOM_SKIPS_JSON` names a file, the
 * counts by cause are written there, for `.ci/run`.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { countSkips, type Skip, skipLine } from './skipped.ts';

const titlesOf = (test: TestCase): { readonly titles: string[]; readonly suite: string | null } => {
  const titles = [test.name];
  let suite: string | null = null;
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) {
    titles.unshift(parent.name);
    if (parent.options.mode === 'skip') suite = parent.name;
  }
  return { titles, suite };
};

export default class SkipReporter implements Reporter {
  /** Whoever asks for some tests by name knows that the others do not run. */
  #isFiltered = false;

  onInit(vitest: Vitest): void {
    this.#isFiltered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const skips: Skip[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const note = result.state === 'skipped' ? (result.note ?? null) : null;
        skips.push({ file: relative(process.cwd(), module.moduleId), note, ...titlesOf(test) });
      }
    }
    const path = process.env.EVOM_SKIPS_JSON;
    if (path !== undefined && path !== '') writeFileSync(path, JSON.stringify(countSkips(skips)));
    const line = this.#isFiltered ? null : skipLine(skips);
    // Other reporters may speak after this one.
    if (line !== null) process.once('exit', () => process.stdout.write(`${line}\n`));
  }
}
