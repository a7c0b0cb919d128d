"""A process that loses another one, for real: which faults say so, and which are a batch's own."""

import torch.distributed as dist
import torch.multiprocessing as multiprocessing
from evom_torch.distributed import is_lost_peer


def _meet(rank, port, faults):
    import os

    import torch

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=2)
    dist.barrier()
    if rank == 1:
        os._exit(1)  # as one that is killed: nothing is said
    try:
        for _ in range(100):
            dist.all_reduce(torch.ones(4))
    except Exception as error:
        faults.put((type(error).__name__, str(error), is_lost_peer(error)))
        return
    faults.put(("none", "", False))


def test_gloo_says_in_words_that_a_process_is_gone():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    faults = context.Queue()
    processes = [context.Process(target=_meet, args=(rank, port, faults)) for rank in range(2)]
    for process in processes:
        process.start()
    name, text, is_lost = faults.get(timeout=180)
    for process in processes:
        process.join()
    assert is_lost, (name, text)


def test_what_a_batch_does_wrong_is_told():
    assert not is_lost_peer(ValueError("row 3 has 200 tokens, but the model has 64"))
    assert not is_lost_peer(RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"))
    assert is_lost_peer(dist.DistBackendError("NCCL error: remote process exited or there was a network error"))
