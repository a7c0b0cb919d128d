#!/usr/bin/env node
/** The program `evom`. */
import { main } from './command-line.ts';
import { processIo } from './io.ts';

// `evom schema | head` closes the pipe early; that is not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2), processIo());
// Worker threads that a command left open must not keep the shell waiting.
setTimeout(() => process.exit(), 3000).unref();
