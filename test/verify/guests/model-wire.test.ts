import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuestRefusal } from '../../../src/sandbox/guest.ts';
import { modelFromWire, modelToWire } from '../../../src/verify/guests/model-wire.ts';
import { randomModels } from '../../solvers/models.ts';

describe('modelFromWire', () => {
  it('gives back what modelToWire wrote', () => {
    fc.assert(
      fc.property(randomModels(), (model) => {
        expect(modelFromWire(JSON.parse(modelToWire(model)))).toEqual(model);
      }),
    );
  });

  it('refuses whatever else it is handed, and never fails otherwise', () => {
    const keys = 'sense offset cost lower upper types names rowLower rowUpper rowNames starts indices values'.split(' ');
    const junk = fc.oneof(fc.jsonValue(), fc.record(Object.fromEntries(keys.map((key) => [key, fc.jsonValue()])), { requiredKeys: [] }));
    fc.assert(
      fc.property(junk, (value) => {
        try {
          modelFromWire(value);
        } catch (error) {
          expect(error).toBeInstanceOf(GuestRefusal);
        }
      }),
      { numRuns: 500 },
    );
  });
});
