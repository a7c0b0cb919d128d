/** Programs that others published with what a real COPT made of them, through a solver host. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { judgeOutcome } from '../../src/reward/judge.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { skipReason, startHost } from './environment.ts';

interface Published {
  readonly id: string;
  readonly source: string;
  readonly code: string;
  readonly question: string;
  readonly published_label: string | number | null;
  readonly recorded: { readonly state: string; readonly value: string } | null;
}

const path = resolve(process.env.EVOM_SHARED ?? resolve(packageRoot, '../shared'), 'data/programs/programs.jsonl');
const reason = skipReason ?? (existsSync(path) ? null : `there is no ${path}; name its folder in EVOM_SHARED`);
const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

describe.skipIf(reason !== null)(`445 published coptpy programs${reason === null ? '' : ` (${reason})`}`, () => {
  let host: SolverHost;
  let ran: { readonly published: Published; readonly outcome: Outcome }[];
  beforeAll(async () => {
    host = await startHost(['coptpy']);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const all = lines.map((line) => JSON.parse(line) as Published);
    ran = await Promise.all(
      all.map(async (published) => ({ published, outcome: await host.execute({ dialect: 'coptpy', code: published.code }) })),
    );
  }, 300_000);
  afterAll(() => host?.close());

  it('reach what COPT 7.1.1 recorded, value or no solution, each of them', () => {
    const recorded = ran.filter(({ published }) => published.recorded?.state.startsWith('Execution Successful'));
    const differs = recorded.filter(({ published: { recorded: there }, outcome }) => {
      if (there?.state.endsWith('No Best Solution Found')) return outcome.objective !== null;
      return outcome.objective === null || !isClose(outcome.objective, Number(there?.value));
    });
    expect(recorded).toHaveLength(311);
    expect(differs.map(({ published }) => published.id)).toEqual([]);
  });

  it('fail where they failed there, and the host stands behind every solve of the others', () => {
    const failedThere = ran.filter(({ published }) => published.recorded?.state.startsWith('Execution Failed'));
    expect(failedThere).toHaveLength(34);
    // Two fail there because they read values of what was proven to have none: decision 0039.
    const [proven, failed] = [/^(?:infeasible|unbounded)$/, /^(?:runtime|syntax)_error$/].map((status) =>
      failedThere.filter(({ outcome }) => status.test(outcome.status)),
    );
    expect([proven?.length, failed?.length]).toEqual([2, 32]);
    for (const { outcome } of failedThere) expect(outcome.error).not.toBeNull();
    expect(ran.filter(({ outcome }) => outcome.library?.resolved === false)).toEqual([]);
    for (const { outcome } of ran.filter((one) => one.published.source === 'OR-Instruct-100')) expect(outcome.status).toBe('optimal');
  });

  it('score the published 85.7 % on NL4OPT by the rule of its authors, who read -99999 as a number', () => {
    const nl4opt = ran.filter(({ published }) => published.id.startsWith('orlm-nl4opt'));
    const right = nl4opt.filter(({ published: { published_label: label }, outcome }) => {
      const answer = label === 'No Best Solution' ? 'infeasible' : Number(label);
      return judgeOutcome(outcome, { answer }, 'orlm').correct;
    });
    expect([right.length, nl4opt.length]).toEqual([210, 245]); // 85.71 %
  });
});
