"""The networks on a GPU: kernels of our own for any graph, in captured steps, several at once."""
