"""Predictions of what was not measured: stored numbers, evaluated in plain numpy.

`predict` is the way in. A surrogate is fitted to the rows of a table by `dipbench surrogate`
(`dipbench.surrogate.fitting`, which needs scipy and scikit-learn) and read here without either.
"""
