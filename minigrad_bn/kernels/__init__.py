"""Fused kernels of batch norm for NumPy's arrays; the definitions are in `minigrad_bn.training`."""
