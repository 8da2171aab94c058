"""Other libraries that have to be told what a Tensor is: one module for each.

Most need not be told, since a Tensor is an array of the array API standard; see docs/neighbours.md.
"""
