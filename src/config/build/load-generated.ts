/** A generated dataset described by flags of `evom data generate` instead of a file. */

import { z } from 'zod';
import { configFault } from '../load/issues.ts';
import { applyOverride, type Override } from '../load/overrides.ts';
import type { Tree } from '../load/tree.ts';
import { validate } from '../load/validate.ts';
import { generatedDataset } from '../schema/dataset-schema.ts';
import type { GeneratedConfig } from '../schema/schema.ts';

/** @throws {EvomError} E_USAGE naming every flag whose value is not understood. */
export function generatedFromFlags(flags: readonly Override[]): GeneratedConfig {
  const type: Tree = { type: 'scalar', origin: { type: 'flag', flag: '' }, value: 'generated' };
  const empty: Tree = { type: 'map', origin: type.origin, entries: new Map([['type', { keyOrigin: type.origin, value: type }]]) };
  const applied = flags.map((flag) => applyOverride(empty, flag));
  const tree = flags.reduce<Tree>((base, flag) => applyOverride(base, flag).tree, empty);
  const { value, issues } = validate(tree, generatedDataset, () => z.toJSONSchema(generatedDataset, { io: 'input' }), {
    type: 'generated',
  });
  const all = [...applied.flatMap(({ issue }) => (issue ? [issue] : [])), ...issues];
  if (all.length > 0 || value === null) throw configFault(all);
  return value;
}
