/** Names of the batches in test/golden/learner whose losses and gradients PyTorch computed. */
export const goldenCases = ['llama-grpo', 'llama-sft', 'llama-dual-clip', 'qwen2-gspo', 'qwen3-cispo', 'qwen3-token-advantages'] as const;
