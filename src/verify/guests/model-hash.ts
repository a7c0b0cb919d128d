/** Identity of a captured model; stands in until modeling/ has its canonical hash. */
import { createHash } from 'node:crypto';
import { type LinearModel, linearModelToJson } from '../../core/linear-model.ts';

export function modelHash(model: LinearModel): string {
  return createHash('sha256')
    .update(JSON.stringify(linearModelToJson(model)))
    .digest('hex');
}
