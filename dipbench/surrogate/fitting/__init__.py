"""How surrogates are fitted, chosen and judged. Needs scipy and scikit-learn."""

from dipbench.extras import require

require("nas", "scipy", "sklearn")
