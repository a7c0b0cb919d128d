/** The 256 printable characters by which byte-level tokenizers write bytes (GPT-2's table). */

/** Character of each byte: printable Latin-1 stands for itself, the others follow from U+0100 on. */
export const byteSymbols: readonly string[] = (() => {
  const symbols: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    symbols.push(String.fromCharCode(printable ? byte : next++));
  }
  return symbols;
})();

const encoder = new TextEncoder();

/** The UTF-8 bytes of a text, each written as its symbol. */
export function byteSymbolsOf(text: string): string[] {
  return Array.from(encoder.encode(text), (byte) => byteSymbols[byte] as string);
}
