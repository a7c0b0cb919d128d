/**
 * The seed of every property: a run of the suite draws the same examples each time. `EVOM_TEST_SEED` takes another number, or `random`
 * for one that fast-check draws; a failure prints it.
 */
import fc from 'fast-check';

const defaultSeed = 20_261_124;

const chosen = process.env.EVOM_TEST_SEED ?? String(defaultSeed);
if (chosen !== 'random') {
  const seed = Number(chosen);
  if (chosen.trim() === '' || !Number.isInteger(seed))
    throw new Error(`EVOM_TEST_SEED is '${chosen}'; it takes a whole number or 'random'`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
