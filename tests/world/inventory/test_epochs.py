"""One writer at a time: a new one begins a new epoch, and only when it may."""

import pytest
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import ConflictError
from roadstead.model.ids import Key
from roadstead.model.inventory import Parent
from roadstead.world.inventory import epochs

FREE = Parent(fleet="shop", key=Key("web", "prod"), name="n", id="i")
HELD = replace(FREE, writer="hub-1", epoch=3)


def test_a_parent_that_nobody_holds_is_claimed_with_the_first_epoch():
    assert epochs.claim(FREE, "laptop", take_over=False) == replace(FREE, writer="laptop", epoch=1)


def test_the_holder_keeps_its_epoch():
    assert epochs.claim(HELD, "hub-1", take_over=True) == HELD


def test_a_new_run_of_the_holder_begins_a_new_epoch_and_so_fences_the_one_before():
    assert epochs.claim(HELD, "hub-1", take_over=False, anew=True) == replace(HELD, epoch=4)


def test_another_writer_takes_over_in_a_new_epoch():
    assert epochs.claim(HELD, "laptop", take_over=True) == replace(HELD, writer="laptop", epoch=4)


def test_another_writer_that_may_not_take_over_is_fenced_and_told_by_whom():
    with pytest.raises(ConflictError) as caught:
        epochs.claim(HELD, "laptop", take_over=False)
    assert caught.value.problem.reason is reasons.FENCED
    assert (
        str(caught.value)
        == "prod web: write inventory failed (Fenced): hub-1 writes this bundle since epoch 3"
    )


def test_a_writer_that_is_done_already_is_told_without_a_name():
    problem = epochs.fenced(replace(HELD, writer="", epoch=4))
    assert problem.cause == "another writer wrote this bundle meanwhile, in epoch 4"
