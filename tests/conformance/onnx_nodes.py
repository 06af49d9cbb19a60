"""ONNX's own tests of single operators, through `octet import` and `octet run`. README.md says how to use it."""
import warnings

import packages

packages.use_packages()
warnings.simplefilter("ignore")

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases

import cases, report


def array(value):
    return onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def node_case(test):
    data_sets = [([array(v) for v in inputs], [array(v) for v in outputs]) for inputs, outputs in test.data_sets]
    return cases.Case(test.name, test.model, data_sets, test.rtol, test.atol)


options = report.arguments(__doc__)
tests = [node_case(test) for test in collect_testcases(None) if options.only in test.name]
report.finish(report.run_all(options.octet, tests), "passes.txt", options, least=900)
