/** Looks for ground truth in whatever a server answers before a program is scored. */
import { expect } from 'vitest';
import type { RewardServer } from '../../src/serve/open-server.ts';
import { get, post } from './open.ts';

export async function noAnswerIn(server: RewardServer): Promise<void> {
  const texts = await Promise.all([
    get(server, '/v1/problems'),
    get(server, '/v1/health'),
    get(server, '/metadata'),
    post(server, '/reset', { problem_id: 'mugs' }),
    post(server, '/evom/tasks', { split: 'train' }),
    post(server, '/evom/task', { split: 'train', index: 0 }),
    post(server, '/v1/score', { problem: 'mugs', completions: ['no program', 'report(1);'] }),
    post(server, '/v1/score', { problem: '1904', completions: [] }).then(({ status }) => ({ status, body: '' })),
  ]);
  for (const { body } of texts) {
    const text = JSON.stringify(body);
    expect(text).not.toContain('1904');
    expect(text).not.toMatch(/"(?:answer|accepted|model|programs|reference)":[^0-9]*(?:1904|\[|\{)/);
  }
}
