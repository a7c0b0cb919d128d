/** What `npm run mutation` leaves alone, by what Stryker makes of small sources. */
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { describe, expect, it } from 'vitest';
// @ts-expect-error a script without types
import { ignorer } from '../../scripts/mutation/ignore.mjs';

const silent = { isDebugEnabled: () => false, debug: () => {}, info: () => {}, warn: () => {} };

/** Places `line:replacement` of the mutants of a source: those that are tried, and those that are left alone with the reason. */
async function mutantsOf(content: string) {
  const options = { plugins: null, excludedMutations: [], ignorers: [ignorer], noHeader: true };
  const file = { name: 'source.ts', mutate: true, content };
  const { mutants } = await new Instrumenter(silent as never).instrument([file], options as never);
  const places = (status: string | undefined) =>
    mutants.filter((mutant) => mutant.status === status).map(({ location, replacement }) => `${location.start.line + 1}:${replacement}`);
  return { tried: places(undefined), ignored: places('Ignored') };
}

const choice = (last: string) => `function f(x: 'a' | 'b') {
  switch (x) {
    case 'a':
      return 1;
    case 'b':
      return 2;
    ${last}
  }
}`;

describe('mutation testing leaves alone', () => {
  it.each(['default: return x satisfies never;', 'default: x satisfies never;'])(
    'the branch that the compiler proves unreachable: %s',
    async (last) => {
      const { tried, ignored } = await mutantsOf(choice(last));
      expect(ignored).toEqual(['7:default:']);
      // The other branches are tried.
      expect(tried).toEqual(expect.arrayContaining(["3:case 'a':", "5:case 'b':"]));
    },
  );

  it.each(['default: return 3;', 'default: return { x } satisfies object;', 'default: throw fault(x);'])(
    'no other last branch: %s',
    async (last) => {
      const { tried, ignored } = await mutantsOf(choice(last));
      expect(tried).toContain('7:default:');
      expect(ignored).toEqual([]);
    },
  );

  it('the words of an error, and neither its code nor whether it is thrown', async () => {
    const { tried, ignored } = await mutantsOf('function f(n: number) {\n  if (n > 1)\n    throw new RangeError("too much");\n}');
    expect(ignored).toEqual(['3:""']);
    expect(tried).toEqual(expect.arrayContaining(['2:true', '2:false', '2:n >= 1']));
    expect((await mutantsOf("const message = 'too much';")).tried).toEqual(['1:""']);
  });
});
