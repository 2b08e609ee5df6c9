"""The models that a device holds: installed, proven, switched and rolled back."""
