/** How often the audit flags honest models: real programs whose optimum is their label. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Auditor,
  createAuditor,
  createBackend,
  emptyOutcome,
  hardFlagNames,
  type Outcome,
  type Problem,
  parseLp,
  rewardPresets,
  type SolverBackend,
  scoreOutcome,
} from 'evom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const data = join(process.env.EVOM_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url)), 'data');
const file = join(data, 'programs', 'models.jsonl');

interface StoredModel {
  readonly id: string;
  readonly lp: string;
  readonly status: string;
  readonly objective: number | null;
}
interface StoredProgram {
  readonly id: string;
  readonly question: string;
  readonly published_label: string | number | null;
}

const lines = <T>(path: string): T[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

describe.skipIf(!existsSync(file))('audit of real models (skipped where data/programs is missing under ../shared or EVOM_SHARED)', () => {
  let highs: SolverBackend;
  let auditor: Auditor;
  beforeAll(async () => {
    highs = await createBackend('highs');
    auditor = await createAuditor({ backend: 'highs', crossSolve: 'auto' });
  });
  afterAll(async () => {
    highs.close();
    await auditor.close();
  });

  it('hard-flags under 1 % of the models whose optimum is their label', async () => {
    const programs = new Map(lines<StoredProgram>(join(data, 'programs', 'programs.jsonl')).map((program) => [program.id, program]));
    const flagged: string[] = [];
    const counts: Record<string, number> = {};
    let numRight = 0;
    const started = process.cpuUsage();
    for (const { id, lp, status } of lines<StoredModel>(file)) {
      const program = programs.get(id);
      const label = Number(program?.published_label ?? Number.NaN);
      if (status !== 'optimal' || program === undefined || !Number.isFinite(label)) continue;
      const model = parseLp(lp);
      const solved = highs.solve(model, { timeLimitMs: 10_000 });
      const { objective, values } = solved;
      if (objective === null || values === null || Math.abs(objective - label) / (Math.abs(label) + 1) >= 1e-6) continue;
      numRight += 1;
      const outcome: Outcome = {
        ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }),
        objective,
        certificate: 'dual',
        model,
        solution: Object.fromEntries(model.variables.map(({ name }, j) => [name, values[j] ?? 0])),
        solves: [
          {
            status: 'optimal',
            objective,
            certificate: 'dual',
            modelHash: '',
            numVariables: model.variables.length,
            numIntegers: 0,
            numConstraints: model.constraints.length,
            ms: 0,
          },
        ],
      };
      const problem: Problem = { id, question: program.question, answer: label, source: 'published' };
      const [evidence] = await auditor.audit([{ outcome, problem, correct: true }]);
      expect(evidence?.fault).toBeNull();
      const { flags } = scoreOutcome({ outcome, problem, ...(evidence ? { evidence } : {}) }, rewardPresets.evom);
      for (const flag of flags) counts[flag] = (counts[flag] ?? 0) + 1;
      if (flags.some((flag) => (hardFlagNames as readonly string[]).includes(flag))) flagged.push(`${id}: ${flags.join(' ')}`);
    }
    const cpu = process.cpuUsage(started);
    const cpuMs = (cpu.user + cpu.system) / 1000;
    console.log(
      `${numRight} right models: ${flagged.length} hard-flagged (${flagged.join('; ') || 'none'}); all flags ${JSON.stringify(counts)}; ${(cpuMs / numRight).toFixed(2)} CPU-ms a model, its reading and first solve among it`,
    );
    expect(numRight).toBeGreaterThan(200);
    expect(flagged.length / numRight).toBeLessThan(0.01);
  }, 120_000);
});
