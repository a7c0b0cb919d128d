/** The command of a model server: vLLM or SGLang with the flags that rollouts depend on. */
import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import { longestEpisode } from '../schema/episode-length.ts';
import type { TrainConfig } from '../schema/schema.ts';

export interface ServerCommand {
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

export interface ServerPlace {
  readonly port: string;
  /** Address to listen on; left out, the engine's own choice. */
  readonly host?: string;
  /** GPUs that share the model; default 1. */
  readonly gpus?: number;
  /** vLLM's program, or the Python that has SGLang. */
  readonly program?: string;
}

/** Longest prompt that there is room for, tokens. */
const promptRoom = 4096;

/** Log-probabilities are those at the sampling temperature, and the model's own sampling defaults stay off. */
export function modelServer(config: TrainConfig, model: DecoderConfig, { port, host, gpus = 1, program }: ServerPlace): ServerCommand {
  const { openai, checkpoint } = config.policy;
  const { lora } = config.learner.torch;
  const longest = Math.min(model.maxPositions, longestEpisode(config) + promptRoom);
  const listen = ['--port', port, ...(host === undefined ? [] : ['--host', host])];
  if (openai.engine === 'sglang') {
    const words = [program ?? 'python', '-m', 'sglang.launch_server', '--model-path', checkpoint, ...listen];
    const shared = gpus > 1 ? ['--tp', String(gpus)] : [];
    return { env: {}, words: [...words, '--sampling-defaults', 'openai', '--context-length', String(longest), ...shared] };
  }
  return {
    env: {
      VLLM_SERVER_DEV_MODE: '1',
      ...(lora === null ? {} : { VLLM_ALLOW_RUNTIME_LORA_UPDATING: '1' }),
      ...(onCpu(config) ? { PYTHONPATH: 'scripts/torch_host', VLLM_CPU_KVCACHE_SPACE: '4' } : {}),
    },
    words: [
      ...[program ?? 'vllm', 'serve', checkpoint, ...listen],
      ...['--logprobs-mode', 'processed_logprobs', '--generation-config', 'vllm', '--max-model-len', String(longest)],
      ...(openai.model === undefined ? [] : ['--served-model-name', openai.model]),
      ...(gpus > 1 ? ['--tensor-parallel-size', String(gpus)] : []),
      // A request with a seed whose prompt is prefilled in chunks ends vLLM's CPU build, and its reload leaves a tied head as it was.
      ...(onCpu(config)
        ? [
            ...['--dtype', 'bfloat16', '--no-enable-chunked-prefill', '--max-num-batched-tokens', String(Math.max(16384, longest))],
            ...['--worker-extension-cls', 'evom_vllm.WorkerExtension'],
          ]
        : []),
      ...(lora === null ? [] : ['--enable-lora', '--max-lora-rank', String(adapterRoom(lora.rank)), '--max-loras', '2']),
    ],
  };
}

/** vLLM takes these ranks alone as its largest. */
const adapterRoom = (rank: number): number => [1, 8, 16, 32, 64, 128, 256, 320, 512].find((room) => room >= rank) ?? rank;

/** The learner's device says where all of a configuration's PyTorch runs. */
export const onCpu = (config: TrainConfig): boolean => config.learner.torch.device === 'cpu';
