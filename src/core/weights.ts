/** Where a sampler finds the weights of a version: what a learner hands to a policy after a step. */
export type PolicyWeights =
  /** Named float32 tensors in this process, Hugging Face names, row-major [out, in]. */
  | { readonly type: 'tensors'; readonly version: number; readonly tensors: ReadonlyMap<string, Float32Array> }
  /** A folder on disk, complete: a model in Hugging Face layout, or a LoRA adapter in PEFT's. */
  | { readonly type: 'directory'; readonly version: number; readonly directory: string }
  /** The learner and the sampler are one process and share their memory: nothing moves. */
  | { readonly type: 'shared'; readonly version: number };
