/** Whether this machine's integer kernels count right. */
import { EvomError } from '../../lib/errors.ts';
import { Graph } from '../nn/graph.ts';
import { createSession } from '../nn/session.ts';
import { int8Projections } from './projections.ts';

const inner = 64;
const out = 16;

/**
 * Multiplies the largest digits by the largest weights. x86 processors without VNNI add pairs of such products in 16 bits, where they overflow.
 *
 * @throws {EvomError} `E_POLICY` where the result is wrong.
 */
export async function requireInt8Products(): Promise<void> {
  const g = new Graph('int8-check');
  const projections = int8Projections(g, new Map());
  const weight = projections.weight('w', () => new Float32Array(out * inner).fill(1), out, inner);
  const x = g.input('x', 'float32', ['R', inner]);
  const y = g.output(projections.product(projections.operand(x), weight));
  const session = await createSession(g.encode());
  const results = await session.run({ x: { data: new Float32Array(inner).fill(1), shape: [1, inner] } });
  await session.close();
  const products = [...((results[y]?.data ?? []) as Float32Array)];
  if (products.length === out && products.every((product) => Math.abs(product - inner) < 1e-3)) return;
  throw new EvomError(
    'E_POLICY',
    `int8 products overflow on this processor: ${products[0]} where ${inner} is right; set policy.precision: float32`,
  );
}
