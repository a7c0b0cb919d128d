"""What evom adds to vLLM's workers: one call, needed on a CPU alone.

    PYTHONPATH=scripts/torch_host VLLM_SERVER_DEV_MODE=1 vllm serve MODEL --worker-extension-cls evom_vllm.WorkerExtension

On a CPU the head multiplies by a packed copy of its weights. vLLM 0.32.0's `reload_weights` packs anew each layer that it loads, but a
head that is tied to the embedding is not loaded ("ParallelLMHead: Failed to load weights"): the model has new layers and its old head.
evom calls this through `/collective_rpc`; see src/servers/weight-reload.ts. It needs nothing but vLLM itself.
"""

from __future__ import annotations


class WorkerExtension:
    """Mixed into vLLM's worker."""

    def repack_tied_head(self) -> int:
        """Packs the head from the embedding's weights as they are now. Returns how many heads there were: 1, or 0 on other stages."""
        from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead, VocabParallelEmbedding

        modules = list(self.model_runner.get_model().modules())
        heads = [module for module in modules if isinstance(module, ParallelLMHead)]
        embeddings = [module for module in modules if isinstance(module, VocabParallelEmbedding) and module not in heads]
        for head in heads:
            head.tie_weights(embeddings[0])
            head.quant_method.process_weights_after_loading(head)
        return len(heads)
