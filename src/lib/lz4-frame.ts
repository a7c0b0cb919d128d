/** Reading LZ4 frames, which Arrow files may hold: blocks that go on from one another too, which `hyparquet-compressors` does not take. */

const magic = 0x184d2204;

/** Bytes that grow at the end and are copied from behind. */
class Output {
  #bytes = new Uint8Array(1 << 16);
  length = 0;

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + more));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Byte by byte: a match may reach into what it writes. */
  repeat(offset: number, count: number): void {
    if (offset === 0 || offset > this.length) throw new RangeError(`an LZ4 match reaches ${offset} bytes back in ${this.length}`);
    this.#reserve(count);
    for (let i = 0; i < count; i++) this.#bytes[this.length + i] = this.#bytes[this.length + i - offset] as number;
    this.length += count;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

/** Appends one LZ4 block (LZ4 Block Format); matches may reach into the blocks before. */
function appendBlock(block: Uint8Array, out: Output): void {
  let at = 0;
  const byte = (): number => {
    const value = block[at++];
    if (value === undefined) throw new RangeError('an LZ4 block ends in the middle of a sequence');
    return value;
  };
  const longer = (length: number): number => {
    if (length < 15) return length;
    let total = length;
    for (let more = 255; more === 255; ) {
      more = byte();
      total += more;
    }
    return total;
  };
  while (at < block.length) {
    const token = byte();
    const literals = longer(token >> 4);
    if (at + literals > block.length) throw new RangeError('an LZ4 block ends in the middle of its literals');
    out.append(block.subarray(at, at + literals));
    at += literals;
    if (at >= block.length) return; // the last sequence is literals alone
    const offset = byte() | (byte() << 8);
    out.repeat(offset, longer(token & 15) + 4);
  }
}

/**
 * Undoes one LZ4 frame (LZ4 Frame Format 1.6.1), blocks linked or not; checksums are not checked.
 *
 * @throws {RangeError} when the bytes are no such frame.
 */
export function lz4Frame(data: Uint8Array): Uint8Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.getUint32(0, true) !== magic) throw new RangeError('the bytes do not start with an LZ4 frame');
  const flags = view.getUint8(4);
  const [hasContentSize, hasDictionary, hasBlockChecksum] = [flags & 0x08, flags & 0x01, flags & 0x10];
  let at = 4 + 2 + (hasContentSize ? 8 : 0) + (hasDictionary ? 4 : 0) + 1;
  const out = new Output();
  for (let word = view.getUint32(at, true); word !== 0; word = view.getUint32(at, true)) {
    const length = word & 0x7fffffff;
    const block = data.subarray(at + 4, at + 4 + length);
    if (word >>> 31 === 1) out.append(block);
    else appendBlock(block, out);
    at += 4 + length + (hasBlockChecksum ? 4 : 0);
  }
  return out.bytes();
}
