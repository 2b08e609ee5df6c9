"""From a checkpoint to the model file of the contract: trace, verify against PyTorch, write, or write nothing."""
