"""Split of the 1797 digits used by test/images.slow.test.ts: the first 1500 indices train, the other 297 test."""
import json
import numpy as np

with open("optdigits-split.json", "w") as f:
    json.dump(np.random.default_rng(0).permutation(1797).tolist(), f)
