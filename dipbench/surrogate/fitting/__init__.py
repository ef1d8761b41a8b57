"""How surrogates are fitted, chosen and judged. Needs scipy and scikit-learn."""
