#!/usr/bin/env node
/** The program `evom`. */
import { machineFault } from '../lib/file-fault.ts';
import { main } from './command-line.ts';
import { processIo } from './io.ts';

// Before any thread loads onnxruntime: it would leave telemetry logs in the temporary folder.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

// `evom schema | head` closes the pipe early; that is not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`E_FILE cannot write the result: ${machineFault(error) ?? error.message}\n`);
  process.exit(1);
});

process.exitCode = await main(process.argv.slice(2), processIo());
// Worker threads that a command left open must not keep the shell waiting.
setTimeout(() => process.exit(), 3000).unref();
