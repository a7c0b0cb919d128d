import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inOrder } from '../../src/lib/in-order.ts';

const never = new AbortController().signal;
const pending = new Promise<never>(() => undefined);

/** A promise with its ends. */
function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('inOrder', () => {
  const unheard: unknown[] = [];
  const listener = (error: unknown) => unheard.push(error);
  beforeEach(() => {
    unheard.length = 0;
    process.on('unhandledRejection', listener);
  });
  afterEach(() => {
    process.off('unhandledRejection', listener);
  });

  it('hands results on in the order of the items, whichever ends first', async () => {
    const works = [deferred<string>(), deferred<string>(), deferred<string>()];
    const taken: string[] = [];
    const done = inOrder(
      [0, 1, 2],
      (i) => (works[i] as (typeof works)[number]).promise,
      (result, i) => void taken.push(`${i}${result}`),
      { ahead: 3, signal: never },
    );
    works[2]?.resolve('c');
    works[1]?.resolve('b');
    await turn();
    expect(taken).toEqual([]);
    works[0]?.resolve('a');
    await done;
    expect(taken).toEqual(['0a', '1b', '2c']);
  });

  it('has no more than `ahead` items under way or waiting, besides the one that is handed on', async () => {
    let most = 0;
    let underWay = 0;
    await inOrder(
      Array.from({ length: 40 }, (_, i) => i),
      async (i) => {
        most = Math.max(most, ++underWay);
        await turn();
        return i;
      },
      async () => {
        underWay -= 1;
      },
      { ahead: 4, signal: never },
    );
    expect(most).toBe(5);
  });

  it('keeps a fault until its turn while others pend, and hands on what comes before it', async () => {
    const first = deferred<string>();
    const taken: string[] = [];
    const done = inOrder(
      ['first', 'broken', 'later'],
      (item) => (item === 'first' ? first.promise : item === 'broken' ? Promise.reject(new Error('the host left')) : pending),
      (result) => void taken.push(result),
      { ahead: 3, signal: never },
    );
    await turn();
    await turn();
    expect(unheard).toEqual([]); // node would have ended the process here
    first.resolve('one');
    await expect(done).rejects.toThrow('the host left');
    expect(taken).toEqual(['one']);
  });

  it('leaves no fault of the others unheard after the first', async () => {
    const late = deferred<string>();
    const done = inOrder(
      ['broken', 'late'],
      (item) => (item === 'broken' ? Promise.reject(new Error('first')) : late.promise),
      () => undefined,
      { ahead: 2, signal: never },
    );
    await expect(done).rejects.toThrow('first');
    late.reject(new Error('second'));
    await turn();
    await turn();
    expect(unheard).toEqual([]);
  });

  it('throws a fault of the first item while the next line of an async source is awaited', async () => {
    let closed = false;
    async function* lines() {
      try {
        yield 'broken';
        await pending;
      } finally {
        closed = true;
      }
    }
    const source = lines();
    const done = inOrder(
      source,
      () => Promise.reject(new Error('the host left')),
      () => undefined,
      { ahead: 4, signal: never },
    );
    await expect(done).rejects.toThrow('the host left');
    expect(unheard).toEqual([]);
    expect(closed).toBe(false); // it waits for its line for ever; nobody waits for it
  });

  it('throws a fault of an async source after the results before it', async () => {
    async function* lines() {
      yield 'a';
      throw new Error('line 2 is not JSON');
    }
    const taken: string[] = [];
    const done = inOrder(
      lines(),
      async (item) => item,
      (result) => void taken.push(result),
      { ahead: 4, signal: never },
    );
    await expect(done).rejects.toThrow('line 2 is not JSON');
    expect(taken).toEqual(['a']);
  });

  it('throws a fault of `take`, reads no further item and closes the source', async () => {
    let closed = false;
    const read: number[] = [];
    async function* numbers() {
      try {
        for (let i = 0; i < 100; i++) {
          read.push(i);
          yield i;
        }
      } finally {
        closed = true;
      }
    }
    const done = inOrder(
      numbers(),
      async (i) => i,
      () => {
        throw new Error('the disk is full');
      },
      { ahead: 2, signal: never },
    );
    await expect(done).rejects.toThrow('the disk is full');
    await turn();
    expect(closed).toBe(true);
    expect(read.length).toBeLessThan(5);
    expect(unheard).toEqual([]);
  });

  it('throws the reason of the signal instead of what was cut short', async () => {
    const stop = new AbortController();
    const taken: number[] = [];
    const done = inOrder(
      [1, 2],
      async (i) => i,
      (result) => {
        taken.push(result);
        stop.abort(new Error('interrupted'));
      },
      { ahead: 2, signal: stop.signal },
    );
    await expect(done).rejects.toThrow('interrupted');
    expect(taken).toEqual([1]);
  });
});
