"""A whole measurement as ONNX graphs: what a device in another language runs beside the network."""
