import { beforeAll, describe, expect, it } from 'vitest';
import type { Guest } from '../../src/sandbox/guest.ts';
import { createInterpreter, type Interpreter, type Realm } from '../../src/sandbox/interpreter.ts';
import { resolveLimits } from '../../src/sandbox/limits.ts';
import { takeMemoryImage } from '../../src/sandbox/memory-image.ts';
import { compileQuickJS, createQuickJSInstance } from '../../src/sandbox/quickjs.ts';
import { runProgram } from '../../src/sandbox/run-program.ts';

const guest: Guest = {
  backend: 'echo',
  solverVersion: '1',
  libraries: { echo: { source: '(module, call) => { module.exports = (text) => call("echo", text); }', named: [] } },
  begin: () => ({
    call: (_method, payload) => payload,
    record: () => ({
      status: null,
      objective: null,
      certificate: 'none',
      solution: null,
      model: null,
      solves: [],
      options: {},
      message: null,
      wallLimited: false,
    }),
  }),
  maintain: async () => undefined,
  close: () => undefined,
};

describe('an interpreter', () => {
  let interpreter: Interpreter;
  let realm: Realm;
  const limits = resolveLimits({ ticks: 50 });
  beforeAll(async () => {
    interpreter = await createInterpreter(await compileQuickJS(), 32, new Map([['echo', guest]]));
    realm = interpreter.realms.get('echo') as Realm;
  });
  const run = (code: string) => runProgram(interpreter, realm, { code, dialect: 'echo' }, limits, () => performance.now());
  const answer = () => run('console.log(require("echo")("still here"), Object.keys(globalThis).sort().join());').stdout;

  it('shows a program nothing of the programs before it', () => {
    const first = answer();
    expect(first).toMatch(/^still here /);
    for (const code of [
      'globalThis.leak = 1; Object.prototype.leak = 2; require("echo").leak = 3; Array.prototype.map = null;',
      'for (const key of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[key]; } catch {}',
      'require = report = console = process = Math.random = undefined;',
      'setTimeout(() => console.log("late"), 1); throw 1;',
      'for (;;);',
      'const f = () => f() + 1; f();',
    ]) {
      run(code);
      expect(answer(), code).toBe(first);
    }
    expect(interpreter.isUsedUp()).toBe(false);
  });

  it('is used up once its memory has grown', () => {
    expect(run('const a = []; for (let i = 0; i < 30; i++) a.push(new Uint8Array(1e6).fill(1)); report(a.length);').status).toBe('memory');
    expect(interpreter.isUsedUp()).toBe(true);
  });
});

describe('takeMemoryImage', () => {
  it('brings back every byte of statics and heap', async () => {
    const { module, memory, allocator } = await createQuickJSInstance(await compileQuickJS(), 32);
    const context = module.newRuntime().newContext();
    const image = takeMemoryImage(memory, allocator);
    image.restore();
    const before = new Uint8Array(memory.buffer).slice();
    for (let i = 0; i < 3; i++) {
      context.evalCode(
        `globalThis.a${i} = Array.from({ length: 20000 }, (_, j) => "secret of a program " + j); Object.prototype.x = ${i};`,
      );
      expect(Buffer.from(memory.buffer).includes('secret of a program 7')).toBe(true);
      image.restore();
      expect(Buffer.from(memory.buffer).includes('secret of a program')).toBe(false);
    }
    const after = new Uint8Array(memory.buffer);
    const differing = before.reduce((count, byte, at) => count + (byte === after[at] ? 0 : 1), 0);
    // The stack's unused part is not put back; QuickJS leaves some dozen kilobytes of old frames there.
    expect(differing).toBeLessThan(65_536);
    expect(context.unwrapResult(context.evalCode('typeof a0 + ({}).x')).consume(context.dump)).toBe('undefinedundefined');
    expect(image.size).toBeLessThan(1_500_000);
  });

  it('says so when a memory is laid out otherwise', async () => {
    const { memory } = await createQuickJSInstance(await compileQuickJS(), 16);
    expect(() => takeMemoryImage(memory, { malloc: () => 0, free: () => undefined })).toThrow(
      /not laid out as this version of evom expects/,
    );
  });
});
