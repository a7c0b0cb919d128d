/** The text of a file as chunks: UTF-8 or UTF-16 with a mark, gzip undone; bytes that are no text are named by line. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EvomError } from './errors.ts';

const newlines = (text: string): number => text.split('\n').length - 1;

/**
 * Decodes a file strictly. What is not text in its encoding is never replaced by a question mark and read on.
 *
 * @param path file for messages; its bytes come from `source`.
 * @throws {EvomError} `E_DATA` with file:line at the first byte that is not UTF-8 (UTF-16 where a byte order mark says so).
 */
export async function* decodedText(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, path: string): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  let line = 1;
  for await (const bytes of source) {
    if (bytes.length === 0) continue;
    decoder ??= new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8', { fatal: true });
    let text: string;
    try {
      text = decoder.decode(bytes, { stream: true });
    } catch (cause) {
      const before = new TextDecoder(decoder.encoding).decode(bytes).split('\uFFFD')[0] ?? '';
      throw notText(path, line + newlines(before), decoder.encoding, cause);
    }
    line += newlines(text);
    yield text;
  }
  try {
    const rest = decoder?.decode();
    if (rest) yield rest;
  } catch (cause) {
    throw notText(path, line, decoder?.encoding ?? 'utf-8', cause);
  }
}

const notText = (path: string, line: number, encoding: string, cause: unknown): EvomError =>
  new EvomError('E_DATA', `${path}:${line}: holds bytes that are not ${encoding}; convert the file, e.g. iconv -f latin1 -t utf-8`, {
    cause,
  });

/** Chunks of a text file, decompressed when it is gzip. */
export async function* textChunks(path: string, gzip: boolean): AsyncGenerator<string> {
  const bytes: Readable = createReadStream(path);
  const plain = gzip ? bytes.pipe(createGunzip()) : bytes;
  // pipe() does not hand an error on: a file that vanishes must not end in a stream that never ends.
  bytes.on('error', (error) => plain.destroy(error));
  yield* decodedText(plain, path);
}
