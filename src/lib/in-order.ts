/** Work on many items at once, with the results in the order of the items. */
import pMap, { pMapIterable } from 'p-map';

/**
 * Starts work on up to `ahead` items and hands their results on in order, one at a time. The first fault of the source, of `work` or of
 * `take` is thrown when its turn comes; what is under way then goes on unheard, and no further item is read.
 *
 * @param ahead items under way or waiting for an earlier one, besides the one that is handed on: bounds memory.
 * @param signal its reason is thrown instead of handing on what was cut short.
 */
export async function inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  take: (result: Result, item: Item) => void | Promise<void>,
  { ahead, signal }: { readonly ahead: number; readonly signal: AbortSignal },
): Promise<void> {
  const results = pMapIterable(items, async (item) => ({ item, result: await work(item) }), { concurrency: ahead });
  for await (const { item, result } of results) {
    signal.throwIfAborted();
    await take(result, item);
  }
}

/**
 * Does some work on every item, so many at once; the first fault is thrown at once, and no further item is begun.
 *
 * @param atOnce items under way.
 */
export async function forEachAtOnce<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>, atOnce: number): Promise<void> {
  await pMap(items, work, { concurrency: atOnce });
}
