/** Work on many items at once, with the results in the order of the items. */

/**
 * Starts work on up to `ahead` items and hands their results on in order, one at a time.
 *
 * @param ahead items under way or waiting for an earlier one: bounds memory.
 * @param signal its reason is thrown instead of handing on what was cut short.
 */
export async function inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  take: (result: Result, item: Item) => void | Promise<void>,
  { ahead, signal }: { readonly ahead: number; readonly signal: AbortSignal },
): Promise<void> {
  const underWay: { readonly item: Item; readonly result: Promise<Result> }[] = [];
  const takeFirst = async (): Promise<void> => {
    const { item, result } = underWay.shift() as (typeof underWay)[number];
    const value = await result;
    signal.throwIfAborted();
    await take(value, item);
  };
  try {
    for await (const item of items) {
      underWay.push({ item, result: work(item) });
      if (underWay.length >= ahead) await takeFirst();
    }
    while (underWay.length > 0) await takeFirst();
  } finally {
    // After a fault nobody waits for the others: their faults must not end the process.
    for (const { result } of underWay) result.catch(() => undefined);
  }
}
