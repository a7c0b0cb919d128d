/** SandboxFusion's `POST /run_code`, handed on to a solver host: what a Python program printed, without a reward. */
import { sandboxError } from '../../solver-host/run-code.ts';
import { type Format, json, type ServeParts } from '../format.ts';

export const sandboxFusionFormat = ({ runCode }: ServeParts): Format => ({
  name: 'sandbox-fusion',
  routes: [
    {
      method: 'POST',
      path: '/run_code',
      handle: async ({ body, gone }) => {
        if (runCode === null) return json(sandboxError('this server has no solver host; start it with --host http://127.0.0.1:8650'));
        try {
          return json(await runCode(body, gone));
        } catch (error) {
          return json(sandboxError(error instanceof Error ? error.message : String(error)));
        }
      },
    },
  ],
});
