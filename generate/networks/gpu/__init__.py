"""The networks on a GPU: hundreds at once, of many architectures, in captured steps."""
