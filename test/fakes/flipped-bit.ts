/** A store with one flipped bit: a file of the right size whose content is another. Only its hash can tell. */
import { readFile, writeFile } from 'node:fs/promises';

/** Flips a bit of the file, by default the lowest one of the byte in the middle. */
export async function flipBit(path: string, { byte, bit = 0 }: { readonly byte?: number; readonly bit?: number } = {}): Promise<void> {
  const bytes = await readFile(path);
  const at = byte ?? bytes.length >> 1;
  if (at >= bytes.length) throw new RangeError(`${path} has ${bytes.length} bytes; it has no byte ${at}`);
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  await writeFile(path, bytes);
}
