"""Cases: what a configuration does with example events, written next to it and checked.

model     the shape of a file of cases
load      files of cases, and the configuration that they are about, with every mistake in them
fields    compares what was found with what is wanted
reasons   the lines of the trace that explain what was found
check     the expectations of a case that are not met
"""

from gateway.explain.cases.check import CheckCase, Failure, compile_check_case
from gateway.explain.cases.load import CasesFile, CasesMistakes, load_all

__all__ = ["CasesFile", "CasesMistakes", "CheckCase", "Failure", "compile_check_case", "load_all"]
