/** De-quantization against values read by the `gguf` package (scripts/make-gguf-goldens.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { quantizations } from '../../src/gguf/quantizations.ts';

interface Case {
  readonly type: number;
  readonly name: string;
  readonly blockValues: number;
  readonly blockBytes: number;
  readonly bytes: string;
  readonly values: string;
}
const golden = JSON.parse(readFileSync(new URL('../golden/gguf/blocks.json', import.meta.url), 'utf8')) as {
  readonly gguf: string;
  readonly cases: readonly Case[];
};

describe(`quantizations, as gguf ${golden.gguf} reads them`, () => {
  it.each(golden.cases.map((one) => [one.name, one] as const))('%s: the same float32, to the bit', (name, one) => {
    const kind = quantizations.get(one.type);
    expect([kind?.name, kind?.blockValues, kind?.blockBytes]).toEqual([name, one.blockValues, one.blockBytes]);
    const bytes = new Uint8Array(Buffer.from(one.bytes, 'base64'));
    const values = new Uint8Array(Buffer.from(one.values, 'base64'));
    expect(kind?.dequantize(bytes)).toEqual(new Float32Array(values.buffer));
  });

  it('knows each type that the goldens have', () => {
    expect([...quantizations.keys()].sort((a, b) => a - b)).toEqual(golden.cases.map(({ type }) => type).sort((a, b) => a - b));
  });
});
