/** The parts that are released together carry one version, and the changelog begins with it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { version } = JSON.parse(read('package.json'));

it.each([
  ['package-lock.json', /^ {2}"version": "(.*)"/m],
  ['package-lock.json', /^ {6}"version": "(.*)"/m],
  ['CITATION.cff', /^version: (.*)$/m],
  ['python/evom_client/pyproject.toml', /^version = "(.*)"$/m],
  ['python/openenv_evom/openenv.yaml', /^version: (.*)$/m],
  ['CHANGELOG.md', /^## (\d.*)$/m],
  ['docs/guide/library.md', /evom-([\d.]+)\.tgz/],
])('%s (%s)', (path, pattern) => expect(pattern.exec(read(path))?.[1]).toBe(version));
