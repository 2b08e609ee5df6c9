"""Training: recipe, batches, loss, the loop and its log."""
