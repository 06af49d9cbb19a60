"""Writes digits.npz: the 1,797 pictures of handwritten digits that scikit-learn holds (sklearn.datasets.load_digits; a
part of "Optical Recognition of Handwritten Digits", Alpaydin and Kaynak 1998, UCI Machine Learning Repository, CC BY 4.0).

usage: make_digits.py digits.npz     (needs numpy and scikit-learn)
"""
import sys

import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
np.savez_compressed(sys.argv[1], x=digits.images.astype(np.uint8)[:, None], labels=digits.target.astype(np.uint8))
