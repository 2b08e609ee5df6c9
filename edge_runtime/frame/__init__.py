"""From a scan to the native frame that the network reads, and back."""
