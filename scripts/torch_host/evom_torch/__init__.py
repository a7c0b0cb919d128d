"""evom on PyTorch: the gradient step, and sampling beside it, for models that are too large for the embedded engine.

Nothing is decided here. The Arrow batch says what to learn (tokens, masks, advantages, loss, denominators); the command
line says with which optimizer and on how many processes.
"""
