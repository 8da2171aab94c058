"""What batch norm does, measured: the experiments of docs/what-batch-norm-does.md.

`python -m docs.examples.what_batch_norm_does.learning_rates`, in a clone of the repository, repeats
one and draws its figure anew; the other experiments are the modules beside it. They share `samples`
(the data), `nets`, `training` and `shown` (tables, spreads, figures).
"""
