/** The served policy against the stand-in, and, where EVOM_VLLM names the program of one, against a real vLLM. */
import { describe, it } from 'vitest';
import { startVllm, type VllmServer } from '../../scripts/record-vllm/server.mjs';
import { describeServed, type ServedModel } from './served.suite.ts';
import { recordedVersion, startStandIn } from './stand-in-server.ts';

describeServed(`served by the stand-in (answers of vLLM ${recordedVersion})`, {
  tolerance: 1e-4,
  timeoutMs: 120_000,
  start: async (model): Promise<ServedModel> => {
    const server = await startStandIn(model, 'base', 50);
    return { url: server.url, kill: () => server.kill(), restart: () => server.restart(), close: () => server.close() };
  },
});

const program = process.env.EVOM_VLLM;
if (program)
  describeServed('served by a real vLLM', {
    tolerance: 5e-3,
    timeoutMs: 900_000,
    start: async (model, { adapters }): Promise<ServedModel> => {
      const flags = ['--no-enable-chunked-prefill', '--max-num-batched-tokens', '16384'];
      const all = adapters ? [...flags, '--enable-lora', '--max-lora-rank', '8', '--max-loras', '2'] : flags;
      let server: VllmServer = await startVllm(program, model, all);
      const { url, port } = server;
      return {
        url,
        kill: () => server.kill(),
        restart: async () => {
          await server.kill();
          server = await startVllm(program, model, all, { port });
        },
        close: () => server.stop(),
      };
    },
  });
else
  describe('served by a real vLLM', () => {
    it.skip('needs EVOM_VLLM, the program that scripts/setup-vllm.sh installs', () => {});
  });
