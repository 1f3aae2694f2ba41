"""Link functions, written once for numpy and for PyTensor."""
