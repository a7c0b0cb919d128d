import { describe, expect, it } from 'vitest';
import { machineFault, readFault, unlessMissing, writeFault } from '../../src/lib/file-fault.ts';

const systemError = (code: string): Error => Object.assign(new Error(`${code}: said by the system`), { code, syscall: 'write' });

describe('writeFault', () => {
  it.each([
    ['ENOSPC', 'E_FILE', /^cannot write out\.jsonl: no space is left on the disk/],
    ['EROFS', 'E_DATA', /^cannot write out\.jsonl: the file system is read-only; choose another place/],
    ['EACCES', 'E_DATA', /^cannot write out\.jsonl: you have no right to/],
  ])('tells %s as %s', (code, ours, message) => {
    expect(writeFault('out.jsonl', systemError(code))).toMatchObject({ code: ours, message: expect.stringMatching(message) });
  });

  it('leaves other errors as they are', () => {
    const bug = new TypeError('x is undefined');
    expect(writeFault('out.jsonl', bug)).toBe(bug);
    expect(machineFault(bug)).toBeNull();
  });
});

describe('unlessMissing', () => {
  it('gives what is there, null where nothing is, and a fault for what cannot be read', async () => {
    expect(await unlessMissing('in', Promise.resolve('text'))).toBe('text');
    expect(await unlessMissing('in', Promise.reject(systemError('ENOENT')))).toBeNull();
    for (const code of ['EACCES', 'EIO', 'EISDIR', 'ENOTDIR', 'ELOOP', 'EMFILE'])
      await expect(unlessMissing('in', Promise.reject(systemError(code)))).rejects.toMatchObject({
        code: 'E_DATA',
        message: expect.stringMatching(/^cannot read in: /),
      });
  });
});

describe('readFault', () => {
  it.each([
    ['ENOENT', 'cannot read in.jsonl: no such file; check the path'],
    ['EISDIR', 'cannot read in.jsonl: it is a directory; name a file in it'],
    ['EIO', 'cannot read in.jsonl: EIO: said by the system; check the path'],
  ])('tells %s', (code, message) => {
    expect(readFault('in.jsonl', systemError(code))).toMatchObject({ code: 'E_DATA', message });
  });
});
