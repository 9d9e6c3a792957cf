from __future__ import annotations

import pytest

from adain_nodes.core import errors
from adain_nodes.core.errors import AdaINError, InvalidValueError, ShapeError


def test_an_error_says_what_is_wrong_and_what_to_do_and_holds_the_facts():
    error = InvalidValueError("alpha is 2.", "Use 1.", alpha=2)
    assert str(error) == "alpha is 2. Use 1."
    assert (error.problem, error.remedy, error.facts) == ("alpha is 2.", "Use 1.", {"alpha": 2})
    assert str(AdaINError("It stopped.")) == "It stopped."


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if isinstance(kind, type)])
def test_all_errors_are_caught_as_one(kind):
    with pytest.raises(AdaINError):
        raise kind("problem")


@pytest.mark.parametrize("kind", [InvalidValueError, ShapeError])
def test_wrong_arguments_are_value_errors(kind):
    with pytest.raises(ValueError, match="problem"):
        raise kind("problem")
