import { expect, it } from 'vitest';
import { limitsOf } from '../../src/config/sandbox-limits.ts';
import { trainInput } from '../../src/config/train-schema.ts';
import { defaultLimits } from '../../src/sandbox/limits.ts';

it('the sandbox limits of a file that names none are the sandbox’s own', () => {
  const { sandbox } = trainInput.parse({ policy: { checkpoint: 'model' }, dataset: { train: { type: 'generated' } } });
  expect(limitsOf(sandbox.limits)).toEqual(defaultLimits);
});
