/** Writes each verdict when it is known, one JSON a line (`EVOM_MUTATION_JOURNAL`): a run that is broken off has said what it found. */
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';

class Journal {
  #path = process.env.EVOM_MUTATION_JOURNAL;

  constructor() {
    mkdirSync(dirname(this.#path), { recursive: true });
    rmSync(this.#path, { force: true });
  }

  onMutantTested({ fileName, location, mutatorName, replacement, status, statusReason }) {
    const file = relative(process.cwd(), fileName);
    appendFileSync(this.#path, `${JSON.stringify({ file, ...location.start, status, mutatorName, replacement, statusReason })}\n`);
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, 'journal', Journal)];
