"""Documents and figures made of a table; only the command line needs them."""
