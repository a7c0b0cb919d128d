/** deploy/Dockerfile: what it copies is there and reaches the builder, and its images run as a numbered user. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';

const text = readFileSync(join(packageRoot, 'deploy/Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
const sent = readFileSync(join(packageRoot, 'deploy/Dockerfile.dockerignore'), 'utf8')
  .split('\n')
  .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
const stages = text.split(/^(?=FROM )/m).slice(1);
const copied = [...text.matchAll(/^COPY (?!--from)(.*)$/gm)].flatMap(([, words = '']) => words.trim().split(/\s+/).slice(0, -1));

describe('deploy/Dockerfile', () => {
  it('copies what is there and what its ignore file lets through', () => {
    expect(copied.length).toBeGreaterThan(10);
    // Made by the branch that brings Ray.
    const later = ['scripts/ray_host'];
    expect(copied.filter((path) => !existsSync(join(packageRoot, path)) && !later.includes(path))).toEqual([]);
    expect(copied.filter((path) => !sent.includes(path))).toEqual([]);
    expect(sent.filter((path) => !copied.includes(path))).toEqual([]);
  });

  it('ends each image that is run as a user with a number, and builds on stages that it has', () => {
    const names = stages.map((stage) => /^FROM \S+ AS (\S+)/.exec(stage)?.[1]);
    expect(names).toEqual(['build', 'solver-host', 'trainer', 'ray']);
    for (const stage of stages.slice(1)) expect([...stage.matchAll(/^USER (\S+)/gm)].at(-1)?.[1]).toBe('10001:10001');
    for (const [, stage] of text.matchAll(/--from=(\S+)/g)) expect(names).toContain(stage);
  });
});
